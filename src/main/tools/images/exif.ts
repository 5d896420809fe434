/**
 * What a picture says of itself in EXIF: when, with what, and where it was taken. A compute job, because a few bytes
 * can describe far more values than they hold. Everything in it is a claim of whoever wrote the file.
 */
import readExif from 'exif-reader'
import { z } from 'zod'
import { NO_DETAILS, type Details, type Taken } from './facts.ts'

const LONGEST_TEXT = 200
/** Far more than any camera writes. */
const MOST_LOOKS = 400_000
const MOST_BYTES = 8_388_608

class Trap extends Error {}

type Tags = Readonly<Record<string, unknown>>

export function readDetails({ exif }: { exif: Uint8Array }): Details {
  const bytes = Buffer.from(exif.buffer, exif.byteOffset, exif.byteLength)
  let image: Tags, photo: Tags, gps: Tags
  try {
    const found = readExif(bounded(exif))
    image = found.Image ?? {}
    photo = found.Photo ?? {}
    gps = found.GPSInfo ?? {}
  } catch (error) {
    if (error instanceof Trap)
      return { ...NO_DETAILS, problem: 'The EXIF data is a trap: it describes far more than it holds.' }
    if (!(error instanceof Error)) throw error
    return { ...NO_DETAILS, problem: 'The EXIF data is damaged.' }
  }
  return {
    taken: takenAt(photo, bytes),
    camera: {
      make: textOf(image['Make']),
      model: textOf(image['Model']),
      lens: textOf(photo['LensModel']),
    },
    copyright: textOf(image['Copyright']),
    located: gps['GPSLatitude'] !== undefined || gps['GPSLongitude'] !== undefined,
    location: locationOf(gps),
    problem: null,
  }
}

/**
 * The same bytes, for a reader that looks at their length before each value and takes texts out by `slice`: it is
 * stopped before what it makes of them could fill the memory of its host: all that was found before would be lost.
 */
function bounded(exif: Uint8Array): Buffer {
  const bytes = Buffer.from(exif.buffer, exif.byteOffset, exif.byteLength)
  const { length } = bytes
  let looks = 0
  let taken = 0
  const get = () => {
    if (++looks > MOST_LOOKS) throw new Trap()
    return length
  }
  const slice = (from: number, to: number) => {
    taken += Math.max(0, Math.min(to, length) - from)
    if (taken > MOST_BYTES) throw new Trap()
    return Buffer.from(exif.subarray(from, to))
  }
  return Object.defineProperties(bytes, { length: { get }, slice: { value: slice } })
}

function textOf(value: unknown): string | null {
  const raw = Buffer.isBuffer(value) ? value.toString('utf8') : value
  if (typeof raw !== 'string') return null
  const text = raw
    .replace(/\0[^]*$/, '')
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
  return text === '' ? null : text.slice(0, LONGEST_TEXT).toWellFormed()
}

function takenAt(photo: Tags, bytes: Buffer): Taken | null {
  const [name, offsetName] =
    photo['DateTimeOriginal'] instanceof Date
      ? ['DateTimeOriginal', 'OffsetTimeOriginal']
      : ['DateTimeDigitized', 'OffsetTimeDigitized']
  const local = localOf(photo[name], bytes)
  if (local === null) return null
  const offset = offsetOf(photo[offsetName])
  return { local, offset, at: offset === null ? null : Date.parse(`${local}${offset}`) }
}

/** A month 13 or a day that is not would have become another date by now: what is in the file itself decides. */
function localOf(value: unknown, bytes: Buffer): string | null {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return null
  const local = value.toISOString().slice(0, 19)
  return bytes.includes(local.replaceAll('-', ':').replace('T', ' '), 0, 'latin1') ? local : null
}

function offsetOf(value: unknown): string | null {
  const text = textOf(value)
  return text !== null && /^[+-](0\d|1[0-4]):[0-5]\d$/.test(text) ? text : null
}

const sexagesimal = z.tuple([
  z.number().min(0).max(180),
  z.number().min(0).lt(60),
  z.number().min(0).lt(60.1),
])

function locationOf(gps: Tags): Details['location'] {
  const latitude = degrees(gps['GPSLatitude'], gps['GPSLatitudeRef'], ['N', 'S'], 90)
  const longitude = degrees(gps['GPSLongitude'], gps['GPSLongitudeRef'], ['E', 'W'], 180)
  if (latitude === null || longitude === null) return null
  return { latitude, longitude, altitude: altitudeOf(gps['GPSAltitude'], gps['GPSAltitudeRef']) }
}

/** North and east are positive. Without saying which side, a number is no place. */
function degrees(
  value: unknown,
  side: unknown,
  sides: readonly [string, string],
  most: number,
): number | null {
  const parts = sexagesimal.safeParse(value)
  const letter = textOf(side)
  if (!parts.success || letter === null || !sides.includes(letter)) return null
  const [whole, minutes, seconds] = parts.data
  const sum = Number((whole + minutes / 60 + seconds / 3600).toFixed(7))
  if (sum > most) return null
  return letter === sides[1] && sum !== 0 ? -sum : sum
}

function altitudeOf(value: unknown, reference: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  return reference === 1 ? -value : value
}
