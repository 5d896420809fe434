/**
 * Random bytes for ids and nonces, drawn from the system in larger pieces: asking it for each costs more than what
 * they are used for. Owns the pool; every byte is handed out once and erased. Keys are drawn from the system itself.
 */
import { randomBytes } from '@noble/hashes/utils.js'

const POOL_BYTES = 4_096

let pool = new Uint8Array(0)
let used = 0

export function drawBytes(length: number): Uint8Array {
  if (length > POOL_BYTES) return randomBytes(length)
  if (used + length > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  const drawn = pool.slice(used, used + length)
  pool.fill(0, used, used + length)
  used += length
  return drawn
}
