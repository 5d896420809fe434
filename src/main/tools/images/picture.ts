/** What a file's first bytes say it is, and the kinds of picture that are read and written here. Pure. */
import { fail } from '../../../domain/failure.ts'

export const READ_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif', 'heic'] as const
export type ReadFormat = (typeof READ_FORMATS)[number]

export const WRITE_FORMATS = ['jpeg', 'png', 'webp', 'avif'] as const
export type WriteFormat = (typeof WRITE_FORMATS)[number]

/** Ends of names, and the format they promise. */
const ENDINGS: Readonly<Record<string, WriteFormat>> = {
  jpg: 'jpeg',
  jpeg: 'jpeg',
  png: 'png',
  webp: 'webp',
  avif: 'avif',
}

const AVIF_BRANDS = new Set(['avif', 'avis'])
const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'])

/** Null for what is no picture of a kind that is read here, whatever its name says. */
export function formatOf(bytes: Buffer): ReadFormat | null {
  const starts = (text: string, at = 0): boolean => bytes.toString('latin1', at, at + text.length) === text
  if (starts('\xff\xd8\xff')) return 'jpeg'
  if (starts('\x89PNG\r\n\x1a\n')) return 'png'
  if (starts('GIF87a') || starts('GIF89a')) return 'gif'
  if (starts('RIFF') && starts('WEBP', 8)) return 'webp'
  if (starts('II*\0') || starts('MM\0*')) return 'tiff'
  return starts('ftyp', 4) ? brandOf(bytes) : null
}

/** AVIF and HEIC share a container; one may name the common brand first and its own later. */
function brandOf(bytes: Buffer): ReadFormat | null {
  const end = Math.min(bytes.length, bytes.readUInt32BE(0), 256)
  const brands: string[] = []
  for (let at = 8; at + 4 <= end; at += 4) brands.push(bytes.toString('latin1', at, at + 4))
  if (brands.some(brand => AVIF_BRANDS.has(brand))) return 'avif'
  return brands.some(brand => HEIC_BRANDS.has(brand)) ? 'heic' : null
}

/** The format a new picture gets: the one that is named, which must be the one its name promises. */
export function writtenFormat(path: string, named: WriteFormat | undefined): WriteFormat {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  const promised = ENDINGS[ending]
  if (promised === undefined) {
    refuse('to', `The name of the new picture must end with ${Object.keys(ENDINGS).join(', ')}.`)
  }
  if (named !== undefined && named !== promised) {
    refuse('format', `The new picture was to be ${named}, but its name ends with .${ending}.`)
  }
  return promised
}

export function refuse(path: string, message: string): never {
  fail({ kind: 'invalid-input', path, message: `${message} Nothing was changed.` })
}
