// Reading one relocatable BPF object, as `clang -target bpf -c` writes it.
// Invariant: what the loader could not run (writable data, unknown sections) is refused here, not linked.

export const SECTION_NOBITS = 8;
const SECTION_SYMTAB = 2;
const SECTION_REL = 9;
const FLAG_ALLOC = 2;
const MACHINE_BPF = 247;

export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly info: number;
  readonly link: number;
  readonly bytes: Buffer;
}

export interface ElfSymbol {
  readonly name: string;
  /** Index of the section that defines it; 0 for what the loader must provide. */
  readonly section: number;
  readonly value: number;
}

export interface Relocation {
  readonly at: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

export interface BpfObject {
  readonly text: Section;
  readonly constants: readonly Section[];
  readonly relocations: readonly Relocation[];
  readonly entrypoint: ElfSymbol;
}

const text = (bytes: Buffer, at: number): string => bytes.toString("latin1", at, bytes.indexOf(0, at));

function required<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`The object has no ${what}.`);
  return found;
}

function readSections(file: Buffer): Section[] {
  const tableAt = Number(file.readBigUInt64LE(40));
  const rows = Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const at = tableAt + 64 * index;
    const quad = (offset: number): number => Number(file.readBigUInt64LE(at + offset));
    const type = file.readUInt32LE(at + 4);
    return {
      index,
      type,
      nameAt: file.readUInt32LE(at),
      allocated: (quad(8) & FLAG_ALLOC) !== 0 && quad(32) > 0,
      link: file.readUInt32LE(at + 40),
      info: file.readUInt32LE(at + 44),
      bytes: type === SECTION_NOBITS ? Buffer.alloc(0) : file.subarray(quad(24), quad(24) + quad(32)),
    };
  });
  const names = required(rows[file.readUInt16LE(62)], "section names").bytes;
  return rows.map(({ nameAt, allocated, ...row }) => {
    const name = text(names, nameAt);
    if (allocated && name !== ".text" && !name.startsWith(".rodata")) {
      throw new Error(`Section ${name} cannot be loaded: only code and constants can.`);
    }
    return { ...row, name };
  });
}

export function readObject(file: Buffer): BpfObject {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file.readUInt16LE(18) !== MACHINE_BPF) {
    throw new Error("Not an ELF object for BPF.");
  }
  const sections = readSections(file);
  const code = required(
    sections.find((section) => section.name === ".text"),
    "code",
  );
  const constants = sections.filter((section) => section.name.startsWith(".rodata") && section.bytes.length > 0);
  const table = required(
    sections.find((section) => section.type === SECTION_SYMTAB),
    "symbol table",
  );
  const names = required(sections[table.link], "symbol names").bytes;
  const symbols = Array.from({ length: table.bytes.length / 24 }, (_, index) => ({
    name: text(names, table.bytes.readUInt32LE(24 * index)),
    section: table.bytes.readUInt16LE(24 * index + 6),
    value: Number(table.bytes.readBigUInt64LE(24 * index + 8)),
  }));
  const relocations: Relocation[] = [];
  for (const section of sections.filter((candidate) => candidate.type === SECTION_REL)) {
    if (constants.some((constant) => constant.index === section.info)) {
      throw new Error("A constant holds an address, which would need a relocation at load time.");
    }
    if (section.info !== code.index) continue;
    for (let at = 0; at < section.bytes.length; at += 16) {
      relocations.push({
        at: Number(section.bytes.readBigUInt64LE(at)),
        type: section.bytes.readUInt32LE(at + 8),
        symbol: required(symbols[section.bytes.readUInt32LE(at + 12)], "symbol for a relocation"),
      });
    }
  }
  const entrypoint = required(
    symbols.find((symbol) => symbol.name === "entrypoint" && symbol.section === code.index),
    "entrypoint",
  );
  return { text: code, constants, relocations, entrypoint };
}
