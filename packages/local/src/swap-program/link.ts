// Makes of one BPF object the shared object that Solana's loader accepts (sBPF v0).
//
// - File offset equals virtual address; constants are seen by the program at 0x1_0000_0000 + address.
// - A call to a function of ours becomes relative; the loader hashes it.
// - A system call stays `call -1` with a dynamic relocation to its name; the loader fills in the hash.
// - The digest of the source is kept in `.comment`, so that the binary says what it was made from.

import { type BpfObject, type Relocation, readObject } from "./elf.ts";
import { type Part, writeSharedObject } from "./shared-object.ts";

const RELOCATE_ADDRESS = 1;
const RELOCATE_CALL = 10;
const CONSTANTS_BASE = 0x1_0000_0000n;
const HEADERS_LEN = 64 + 3 * 56;

interface SystemCall {
  readonly at: number;
  readonly name: string;
}

const align8 = (offset: number): number => (offset + 7) & ~7;

/** Lays parts out one behind the other, each on an eight-byte boundary. */
function layout(from: number): { place: (length: number) => number; end: () => number } {
  let cursor = from;
  return {
    place: (length) => {
      const at = align8(cursor);
      cursor = at + length;
      return at;
    },
    end: () => cursor,
  };
}

function relocate(object: BpfObject, constantsAt: ReadonlyMap<number, number>): [Buffer, SystemCall[]] {
  const code = Buffer.from(object.text.bytes);
  const systemCalls: SystemCall[] = [];
  const call = ({ at, symbol }: Relocation): void => {
    if (symbol.section === 0) {
      systemCalls.push({ at, name: symbol.name });
      return;
    }
    if (symbol.section !== object.text.index) throw new Error(`A call leaves the code: ${symbol.name}.`);
    const target = symbol.value + (code.readInt32LE(at + 4) + 1) * 8;
    code.writeInt32LE((target - at) / 8 - 1, at + 4);
  };
  const address = ({ at, symbol }: Relocation): void => {
    const base = constantsAt.get(symbol.section);
    if (base === undefined) throw new Error(`A reference leaves the constants: ${symbol.name}.`);
    const addend = (BigInt(code.readUInt32LE(at + 12)) << 32n) | BigInt(code.readUInt32LE(at + 4));
    const value = CONSTANTS_BASE + BigInt(base + symbol.value) + addend;
    code.writeUInt32LE(Number(value & 0xffff_ffffn), at + 4);
    code.writeUInt32LE(Number(value >> 32n), at + 12);
  };
  for (const relocation of object.relocations) {
    if (relocation.type === RELOCATE_CALL) call(relocation);
    else if (relocation.type === RELOCATE_ADDRESS) address(relocation);
    else throw new Error(`Relocation of type ${relocation.type} is not known.`);
  }
  return [code, systemCalls];
}

/** The dynamic symbol table: the entrypoint, then every system call, undefined. */
function dynamicSymbols(object: BpfObject, textAt: number, names: readonly string[]): [Buffer, Buffer] {
  const symbols = Buffer.alloc(24 * (2 + names.length));
  let strings = "\0";
  const add = (row: number, name: string, info: number): void => {
    symbols.writeUInt32LE(strings.length, 24 * row);
    symbols[24 * row + 4] = info;
    strings += `${name}\0`;
  };
  const { value } = object.entrypoint;
  add(1, "entrypoint", 0x12); // global function
  symbols.writeUInt16LE(1, 24 + 6); // in section 1, the code
  symbols.writeBigUInt64LE(BigInt(textAt + value), 24 + 8);
  symbols.writeBigUInt64LE(BigInt(object.text.bytes.length - value), 24 + 16);
  names.forEach((name, index) => {
    add(2 + index, name, 0x10); // global, undefined
  });
  return [symbols, Buffer.from(strings, "latin1")];
}

function dynamicTable(entries: readonly (readonly [tag: number, value: number])[]): Buffer {
  const table = Buffer.alloc(16 * (entries.length + 1)); // ends in a null entry
  entries.forEach(([tag, value], index) => {
    table.writeBigUInt64LE(BigInt(tag), 16 * index);
    table.writeBigUInt64LE(BigInt(value), 16 * index + 8);
  });
  return table;
}

export function link(file: Buffer, sourceDigest: string): Buffer {
  const object = readObject(file);
  const { place, end } = layout(HEADERS_LEN);
  const textAt = place(object.text.bytes.length);
  const constantsAt = new Map(object.constants.map((section) => [section.index, place(section.bytes.length)]));
  const constantsEnd = end();
  const [code, systemCalls] = relocate(object, constantsAt);
  const names = [...new Set(systemCalls.map(({ name }) => name))];
  const [symbols, strings] = dynamicSymbols(object, textAt, names);
  const relocations = Buffer.alloc(16 * systemCalls.length);
  systemCalls.forEach(({ at, name }, index) => {
    relocations.writeBigUInt64LE(BigInt(textAt + at), 16 * index);
    relocations.writeUInt32LE(RELOCATE_CALL, 16 * index + 8);
    relocations.writeUInt32LE(2 + names.indexOf(name), 16 * index + 12);
  });
  const symbolsAt = place(symbols.length);
  const stringsAt = place(strings.length);
  const relocationsAt = place(relocations.length);
  const dynamic = dynamicTable([
    [6, symbolsAt], // DT_SYMTAB
    [11, 24], // DT_SYMENT
    [5, stringsAt], // DT_STRTAB
    [10, strings.length], // DT_STRSZ
    [17, relocationsAt], // DT_REL
    [18, relocations.length], // DT_RELSZ
    [19, 16], // DT_RELENT
  ]);
  const dynamicAt = place(dynamic.length);
  const constantsStart = Math.min(...constantsAt.values());
  const constants = Buffer.alloc(constantsEnd - constantsStart);
  for (const section of object.constants) {
    section.bytes.copy(constants, (constantsAt.get(section.index) ?? 0) - constantsStart);
  }
  const comment = Buffer.from(sourceDigest, "latin1");
  const parts: Part[] = [
    { name: ".text", type: 1, flags: 6, at: textAt, bytes: code },
    { name: ".rodata", type: 1, flags: 2, at: constantsStart, bytes: constants },
    { name: ".dynsym", type: 11, flags: 2, at: symbolsAt, bytes: symbols, link: ".dynstr", info: 1, entryLength: 24 },
    { name: ".dynstr", type: 3, flags: 2, at: stringsAt, bytes: strings },
    { name: ".rel.dyn", type: 9, flags: 2, at: relocationsAt, bytes: relocations, link: ".dynsym", entryLength: 16 },
    { name: ".dynamic", type: 6, flags: 3, at: dynamicAt, bytes: dynamic, link: ".dynstr", entryLength: 16 },
    { name: ".comment", type: 1, flags: 0, at: place(comment.length), bytes: comment },
  ];
  return writeSharedObject(parts, textAt + object.entrypoint.value);
}
