/**
 * Lets an instance begin with less memory than the guest engine's build asks for. The build wants 16 MB from the
 * start although nearly all of it stays untouched, and the host collects garbage by how much is asked for: with
 * 16 MB, once for almost every run. Reads just enough of the WebAssembly binary format to find one number
 * (webassembly.github.io/spec/core/binary/modules.html#import-section).
 */
const HEADER_BYTES = 8
const IMPORT_SECTION = 2
const MEMORY = 2

/** The same module, with the least number of 64 KiB pages of its imported memory set to `pages`. */
export function withInitialPages(module: Uint8Array, pages: number): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(module)
  const cursor = new Cursor(changed, HEADER_BYTES)
  while (!cursor.atEnd) {
    const section = cursor.byte()
    const length = cursor.number()
    if (section === IMPORT_SECTION) {
      overwrite(changed, memoryMinimum(cursor), pages)
      return changed
    }
    cursor.skip(length)
  }
  throw new Error('The guest engine imports nothing.')
}

/** Where the import section's memory states its minimum. */
function memoryMinimum(cursor: Cursor): { from: number; to: number } {
  for (let left = cursor.number(); left > 0; left--) {
    cursor.skip(cursor.number())
    cursor.skip(cursor.number())
    const kind = cursor.byte()
    if (kind !== MEMORY) {
      skipImport(cursor, kind)
      continue
    }
    cursor.byte()
    const from = cursor.position
    cursor.number()
    return { from, to: cursor.position }
  }
  throw new Error('The guest engine does not import its memory.')
}

/** Past a function's type, a table's or a global's. */
function skipImport(cursor: Cursor, kind: number): void {
  if (kind === 0) cursor.number()
  else if (kind === 3) cursor.skip(2)
  else {
    cursor.byte()
    const hasMaximum = cursor.byte() === 1
    cursor.number()
    if (hasMaximum) cursor.number()
  }
}

/** In as many bytes as before: every one but the last says that another follows. */
function overwrite(bytes: Uint8Array, place: { from: number; to: number }, value: number): void {
  let rest = value
  for (let at = place.from; at < place.to; at++) {
    const more = at < place.to - 1 ? 0x80 : 0
    bytes[at] = (rest & 0x7f) | more
    rest >>>= 7
  }
  if (rest !== 0)
    throw new Error(`${String(value)} pages do not fit where the guest engine states its memory.`)
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

  /** An unsigned number in 7-bit groups, lowest first. */
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
