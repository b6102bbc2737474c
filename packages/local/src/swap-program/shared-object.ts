// Writing an ELF shared object from parts that already know their place: header, three program
// headers (code and constants, dynamic symbols, dynamic table), the parts, and the section table.

/** A section of the file, at the offset that is also its virtual address. */
export interface Part {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly at: number;
  readonly bytes: Buffer;
  readonly link?: string;
  readonly info?: number;
  readonly entryLength?: number;
}

const FLAG_ALLOC = 2;
const STRINGS = 3;
const align8 = (offset: number): number => (offset + 7) & ~7;
const endOf = (part: Part): number => part.at + part.bytes.length;

function headerBytes(entrypoint: number, tableAt: number, sections: number): Buffer {
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header); // 64 bits, little-endian
  header.writeUInt16LE(3, 16); // shared object
  header.writeUInt16LE(247, 18); // BPF
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(entrypoint), 24);
  header.writeBigUInt64LE(64n, 32); // program headers follow
  header.writeBigUInt64LE(BigInt(tableAt), 40);
  header.writeUInt32LE(0, 48); // no flags: sBPF v0
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(3, 56);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(sections, 60);
  header.writeUInt16LE(sections - 1, 62);
  return header;
}

function programHeader(type: number, flags: number, from: number, to: number): Buffer {
  const row = Buffer.alloc(56);
  row.writeUInt32LE(type, 0);
  row.writeUInt32LE(flags, 4);
  for (const at of [8, 16, 24]) row.writeBigUInt64LE(BigInt(from), at);
  for (const at of [32, 40]) row.writeBigUInt64LE(BigInt(to - from), at);
  row.writeBigUInt64LE(8n, 48);
  return row;
}

function sectionHeader(part: Part, nameAt: number, linkIndex: number): Buffer {
  const row = Buffer.alloc(64);
  row.writeUInt32LE(nameAt, 0);
  row.writeUInt32LE(part.type, 4);
  row.writeBigUInt64LE(BigInt(part.flags), 8);
  row.writeBigUInt64LE(BigInt((part.flags & FLAG_ALLOC) !== 0 ? part.at : 0), 16);
  row.writeBigUInt64LE(BigInt(part.at), 24);
  row.writeBigUInt64LE(BigInt(part.bytes.length), 32);
  row.writeUInt32LE(linkIndex, 40);
  row.writeUInt32LE(part.info ?? 0, 44);
  row.writeBigUInt64LE(part.type === STRINGS ? 1n : 8n, 48);
  row.writeBigUInt64LE(BigInt(part.entryLength ?? 0), 56);
  return row;
}

function spanOf(parts: readonly Part[], names: readonly string[]): [from: number, to: number] {
  const inside = parts.filter((part) => names.includes(part.name));
  return [Math.min(...inside.map((part) => part.at)), Math.max(...inside.map(endOf))];
}

export function writeSharedObject(parts: readonly Part[], entrypoint: number): Buffer {
  const sectionNames = ["", ...parts.map((part) => part.name), ".shstrtab"];
  const nameBytes = Buffer.from(`${sectionNames.join("\0")}\0`, "latin1");
  const namesAt = align8(Math.max(...parts.map(endOf)));
  const sections: Part[] = [...parts, { name: ".shstrtab", type: STRINGS, flags: 0, at: namesAt, bytes: nameBytes }];
  const tableAt = align8(namesAt + nameBytes.length);
  const file = Buffer.alloc(tableAt + 64 * sectionNames.length);
  headerBytes(entrypoint, tableAt, sectionNames.length).copy(file, 0);
  programHeader(1, 5, ...spanOf(parts, [".text", ".rodata"])).copy(file, 64);
  programHeader(1, 4, ...spanOf(parts, [".dynsym", ".dynstr", ".rel.dyn", ".dynamic"])).copy(file, 64 + 56);
  programHeader(2, 6, ...spanOf(parts, [".dynamic"])).copy(file, 64 + 2 * 56);
  let nameAt = 1;
  sections.forEach((section, index) => {
    section.bytes.copy(file, section.at);
    const linkIndex = section.link === undefined ? 0 : sectionNames.indexOf(section.link);
    sectionHeader(section, nameAt, linkIndex).copy(file, tableAt + 64 * (index + 1));
    nameAt += section.name.length + 1;
  });
  return file;
}
