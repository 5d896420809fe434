/**
 * The guest engine's binary, laid out for many small instances. The build reserves 16 MB for each, 5 MB of them for a
 * stack of which the engine lets itself use 256 KB; nearly all stays untouched, yet the host collects its garbage by
 * what is reserved: once for almost every run. Here the stack is smaller, the heap begins below it and so does the
 * memory's end. Every place that is changed is one this build is known to have; another build is refused.
 * Format: webassembly.github.io/spec/core/binary/modules.html
 */
const HEADER_BYTES = 8
const SECTION = { import: 2, global: 6, code: 10, data: 11 } as const
const IMPORTED = { function: 0, memory: 2, global: 3 } as const
const I32_CONST = 0x41

/** Where this build has the top of its stack, which is also where its heap begins. */
const STACK_TOP = 5_333_088
const STACK_BYTES = 5 * 1_048_576

interface Range {
  from: number
  to: number
}

/** The same engine with a stack of `stackBytes` and a memory that begins with `pages` of 64 KiB. */
export function compactEngine(
  module: Uint8Array,
  stackBytes: number,
  pages: number,
): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(module)
  const sections = sectionsOf(changed)
  const top = STACK_TOP - STACK_BYTES + stackBytes
  const before = Uint8Array.of(I32_CONST, ...leb128(STACK_TOP, 4))
  const after = Uint8Array.of(I32_CONST, ...leb128(top, 4))
  replaceOnly(changed, sectionAt(sections, SECTION.global), before, after)
  replaceOnly(changed, sectionAt(sections, SECTION.code), before, after)
  replaceOnly(changed, sectionAt(sections, SECTION.data), word(STACK_TOP), word(top))
  const minimum = memoryMinimum(new Cursor(changed, sectionAt(sections, SECTION.import).from))
  changed.set(leb128(pages, minimum.to - minimum.from), minimum.from)
  return changed
}

function sectionsOf(bytes: Uint8Array): Map<number, Range> {
  const sections = new Map<number, Range>()
  const cursor = new Cursor(bytes, HEADER_BYTES)
  while (!cursor.atEnd) {
    const id = cursor.byte()
    const length = cursor.number()
    sections.set(id, { from: cursor.position, to: cursor.position + length })
    cursor.skip(length)
  }
  return sections
}

function sectionAt(sections: ReadonlyMap<number, Range>, id: number): Range {
  return sections.get(id) ?? unknownBuild(`it has no section ${String(id)}`)
}

function replaceOnly(bytes: Uint8Array, within: Range, before: Uint8Array, after: Uint8Array): void {
  const section = Buffer.from(bytes.buffer, bytes.byteOffset + within.from, within.to - within.from)
  const at = section.indexOf(before)
  if (at === -1 || section.indexOf(before, at + 1) !== -1)
    unknownBuild('the top of its stack is not where it was')
  section.set(after, at)
}

/** Where the import section states the least size of the memory. */
function memoryMinimum(cursor: Cursor): Range {
  for (let left = cursor.number(); left > 0; left--) {
    cursor.skip(cursor.number())
    cursor.skip(cursor.number())
    const kind = cursor.byte()
    if (kind === IMPORTED.memory) {
      cursor.byte()
      const from = cursor.position
      cursor.number()
      return { from, to: cursor.position }
    }
    if (kind === IMPORTED.function) cursor.number()
    else if (kind === IMPORTED.global) cursor.skip(2)
    else unknownBuild('it imports more than functions, globals and a memory')
  }
  return unknownBuild('it does not import its memory')
}

function unknownBuild(why: string): never {
  throw new Error(`The guest engine is not the build this was made for: ${why}.`)
}

/** A number in 7-bit groups, lowest first, in exactly `length` bytes; for numbers that leave the last bit free. */
function leb128(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = ((value >> (7 * at)) & 0x7f) | (at < length - 1 ? 0x80 : 0)
  if (value >= 2 ** (7 * length - 1))
    throw new Error(`${String(value)} does not fit into ${String(length)} bytes.`)
  return bytes
}

/** As data holds a 32-bit number: lowest byte first. */
function word(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff)
}

class Cursor {
  readonly #bytes: Uint8Array
  #position: number

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes
    this.#position = position
  }

  get position(): number {
    return this.#position
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  byte(): number {
    return this.#bytes[this.#position++] ?? 0
  }

  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  skip(count: number): void {
    this.#position += count
  }
}
