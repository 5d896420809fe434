/** Pictures for tests, ordinary and hostile. */
import { crc32, deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'

/** Red to the left, blue to the right, a green spot in the upper left corner: no way round looks like another. */
export function signpost(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3)
  for (let at = 0; at < width * height; at++) {
    const [x, y] = [at % width, Math.floor(at / width)]
    const spot = x < width / 4 && y < height / 4
    pixels[at * 3 + (spot ? 1 : x < width / 2 ? 0 : 2)] = 255
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}

export const PLACE = {
  GPSLatitude: '52/1 30/1 36/1',
  GPSLatitudeRef: 'N',
  GPSLongitude: '13/1 24/1 0/1',
  GPSLongitudeRef: 'W',
  GPSAltitude: '34/1',
}

/** As from a camera that was held sideways: 40 × 80 as it lies in the file, 80 × 40 as it is seen. */
export async function photo(place: Record<string, string> = PLACE): Promise<Buffer> {
  const lying = await signpost(80, 40).rotate(-90).png().toBuffer()
  return sharp(lying)
    .withExif({
      IFD0: { Make: 'Acme', Model: 'Eye 3', Copyright: 'Ada', Software: 'secret-program' },
      IFD2: { DateTimeOriginal: '2026:03:14 12:30:00', OffsetTimeOriginal: '+01:00', LensModel: '35 mm' },
      IFD3: place,
    })
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 95 })
    .toBuffer()
}

/** A PNG whose header promises any size over a few bytes of nothing. */
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(1_000_000))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}

export interface ExifEntry {
  tag: number
  type: number
  count: number
  /** The value itself, or where it is. */
  value: number
}

/** One list of entries, as it may stand in a file; what they point to is up to whoever calls. */
export function exifOf(entries: readonly ExifEntry[], rest: Buffer = Buffer.alloc(0)): Buffer {
  const list = Buffer.alloc(10 + entries.length * 12 + 4)
  list.write('II*\0', 'latin1')
  list.writeUInt32LE(8, 4)
  list.writeUInt16LE(entries.length, 8)
  entries.forEach(({ tag, type, count, value }, index) => {
    const at = 10 + index * 12
    list.writeUInt16LE(tag, at)
    list.writeUInt16LE(type, at + 2)
    list.writeUInt32LE(count, at + 4)
    list.writeUInt32LE(value, at + 8)
  })
  return Buffer.concat([Buffer.from('Exif\0\0'), list, rest])
}

/** A JPEG that carries this EXIF block instead of its own, if it had one. */
export function withExifBlock(jpeg: Buffer, exif: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(exif.length + 2)
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, exif, jpeg.subarray(2)])
}
