import { expect, test } from "vitest";
import { encode, MessageReader, query, startup, sync } from "./message.ts";
import { Statements } from "./statements.ts";

test.each([1, 2, 3, 5, 7, 1000])("messages are the same, however the stream is cut (every %i bytes)", (size) => {
  const messages = [startup([["user", "ann"]]), query("select 'é'"), sync, encode("d", Buffer.alloc(300))];
  const stream = Buffer.concat(messages);
  const reader = new MessageReader("startup");
  const read: Buffer[] = [];
  for (let at = 0; at < stream.length; at += size) read.push(...reader.read(stream.subarray(at, at + size)));
  expect(read).toEqual(messages);
});

test("each session's statement names are its own, and nothing else of a message changes", () => {
  const [one, other] = [new Statements("a"), new Statements("b")];
  const parse = (name: string) => encode("P", `${name}\0select 1\0\0\0`);
  expect(one.rename(parse("q"))).toEqual(parse("a_0"));
  expect(other.rename(parse("q"))).toEqual(parse("b_0"));
  expect(one.rename(parse("é".repeat(40)))).toEqual(parse("a_1"));
  expect(one.rename(encode("B", "portal\0q\0\0\0\0\0"))).toEqual(encode("B", "portal\0a_0\0\0\0\0\0"));
  expect(one.rename(encode("D", "Sq\0"))).toEqual(encode("D", "Sa_0\0"));
  expect(one.rename(encode("C", "Sq\0"))).toEqual(encode("C", "Sa_0\0"));
  for (const unnamed of [parse(""), encode("B", "\0\0\0\0\0\0"), encode("D", "Pq\0"), query("select 'q'"), sync]) {
    expect(one.rename(unnamed)).toEqual(unnamed);
  }
  expect(one.closes()).toEqual([encode("C", "Sa_0\0"), encode("C", "Sa_1\0")]);
});
