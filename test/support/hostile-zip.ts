/** Zip archives byte by byte, as no honest program writes them. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface HostileEntry {
  name: string | Buffer
  content?: string | Buffer
  /** Unix mode with type bits, as the listing says it. */
  mode?: number
  /** General purpose flags: 1 says encrypted, 0x800 that the name is UTF-8 (the default). */
  flags?: number
  method?: number
  /** What the listing says instead of the truth. */
  saysBytes?: number
  saysPacked?: number
  saysCrc?: number
  /** Listed once more for the data of the entry before: data that overlaps. */
  sharesData?: boolean
}

export interface HostileZip {
  entries: readonly HostileEntry[]
  saysEntries?: number
  comment?: string
}

const EMPTY = Buffer.alloc(0)
/** 14 March 2026, 12:00. */
const TIME = 12 << 11
const DATE = ((2026 - 1980) << 9) | (3 << 5) | 14

export function hostileZip({ entries, saysEntries, comment = '' }: HostileZip): Buffer {
  const data: Buffer[] = []
  const listing: Buffer[] = []
  let at = 0
  let start = 0
  for (const entry of entries) {
    const packed = packedOf(entry)
    if (entry.sharesData !== true) {
      start = at
      const local = Buffer.concat([header(entry, packed, null), packed.bytes])
      data.push(local)
      at += local.length
    }
    listing.push(header(entry, packed, start))
  }
  const listed = Buffer.concat(listing)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  const count = saysEntries ?? entries.length
  end.writeUInt16LE(Math.min(count, 0xffff), 8)
  end.writeUInt16LE(Math.min(count, 0xffff), 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(Buffer.byteLength(comment), 20)
  const wide = count > 0xffff ? zip64End(count, listed.length, at) : EMPTY
  return Buffer.concat([...data, listed, wide, end, Buffer.from(comment)])
}

interface Packed {
  bytes: Buffer
  size: number
  crc: number
}

function packedOf({ content = '', method = 8 }: HostileEntry): Packed {
  const plain = Buffer.from(content)
  const bytes = method === 8 ? deflateRawSync(plain, { level: 9 }) : plain
  return { bytes, size: plain.length, crc: crc32(plain) }
}

/** A local header, or with an offset the entry's line in the listing. */
function header(entry: HostileEntry, packed: Packed, offset: number | null): Buffer {
  const name = Buffer.from(entry.name)
  const fixed = Buffer.alloc(offset === null ? 30 : 46)
  fixed.writeUInt32LE(offset === null ? 0x04034b50 : 0x02014b50, 0)
  const by = offset === null ? 4 : 6
  if (offset !== null) fixed.writeUInt16LE((3 << 8) | 20, 4)
  fixed.writeUInt16LE(20, by)
  fixed.writeUInt16LE(entry.flags ?? 0x800, by + 2)
  fixed.writeUInt16LE(entry.method ?? 8, by + 4)
  fixed.writeUInt16LE(TIME, by + 6)
  fixed.writeUInt16LE(DATE, by + 8)
  fixed.writeUInt32LE(entry.saysCrc ?? packed.crc, by + 10)
  fixed.writeUInt32LE(entry.saysPacked ?? packed.bytes.length, by + 14)
  fixed.writeUInt32LE(entry.saysBytes ?? packed.size, by + 18)
  fixed.writeUInt16LE(name.length, by + 22)
  if (offset !== null) {
    fixed.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38)
    fixed.writeUInt32LE(offset, 42)
  }
  return Buffer.concat([fixed, name])
}

function zip64End(count: number, size: number, at: number): Buffer {
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeBigUInt64LE(BigInt(count), 24)
  record.writeBigUInt64LE(BigInt(count), 32)
  record.writeBigUInt64LE(BigInt(size), 40)
  record.writeBigUInt64LE(BigInt(at), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(at + size), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([record, locator])
}
