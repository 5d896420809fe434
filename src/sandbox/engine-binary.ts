/**
 * The guest engine's binary, laid out for many small instances. The build reserves 16 MB for each, 5 MB of them for a
 * stack of which the engine lets itself use 256 KB; nearly all stays untouched, yet the host collects its garbage by
 * what is reserved: once for almost every run. Here the stack is smaller, the heap begins below it and so does the
 * memory's end. What is known of the build (places here, names in `engine-instance.ts`) holds for this build alone.
 */
import { createHash } from 'node:crypto'

const BUILD = '105c3bed22d457e43e3d1c3c1c6959fda62a8fe06f0fc8a985303c3a2be72232'

/** Where this build has the top of its stack, which is also where its heap begins. */
const STACK_TOP = 5_333_088
const STACK_BYTES = 5 * 1_048_576
/** Where it says so: as the stack's first place, in code and in data; and where it states its memory's least pages. */
const TOP_IN_CODE = [2_308, 417_895]
const TOP_IN_DATA = 502_953
const LEAST_PAGES = 964

/** The same engine with a stack of `stackBytes` and a memory that begins with `pages` of 64 KiB. */
export function compactEngine(
  module: Uint8Array,
  stackBytes: number,
  pages: number,
): Uint8Array<ArrayBuffer> {
  if (createHash('sha256').update(module).digest('hex') !== BUILD)
    throw new Error('The guest engine is not the build this was made for.')
  const changed = new Uint8Array(module)
  const top = STACK_TOP - STACK_BYTES + stackBytes
  for (const place of TOP_IN_CODE) changed.set(leb128(top, 4), place)
  new DataView(changed.buffer).setUint32(TOP_IN_DATA, top, true)
  changed.set(leb128(pages, 2), LEAST_PAGES)
  return changed
}

/** A number in 7-bit groups, lowest first, in exactly `length` bytes; for numbers that leave the last bit free. */
function leb128(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = ((value >> (7 * at)) & 0x7f) | (at < length - 1 ? 0x80 : 0)
  if (value >= 2 ** (7 * length - 1))
    throw new Error(`${String(value)} does not fit into ${String(length)} bytes.`)
  return bytes
}
