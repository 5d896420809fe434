/**
 * Pictures that models draw, as everybody knows them: what is wished for, what came, and the name that a script holds
 * in its place. A picture's bytes never enter the sandbox: its name is the hash of them. What a rehearsal only imagines
 * has a name of the same form that says its size and that no bytes can have.
 */
import { sha256Hex } from './json.ts'

export const PICTURE_SHAPES = ['square', 'landscape', 'portrait'] as const
export type PictureShape = (typeof PICTURE_SHAPES)[number]
export const PICTURE_QUALITIES = ['low', 'medium', 'high'] as const
export type PictureQuality = (typeof PICTURE_QUALITIES)[number]

/** What a model is asked to draw. */
export interface Wish {
  readonly prompt: string
  readonly shape: PictureShape
  readonly quality: PictureQuality
}

export const DRAWN_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'avif'] as const
export type DrawnFormat = (typeof DRAWN_FORMATS)[number]

export interface PictureFacts {
  readonly format: DrawnFormat
  readonly width: number
  readonly height: number
}

/** A picture that is kept, by its name. */
export interface DrawnPicture extends PictureFacts {
  readonly picture: string
  readonly bytes: number
}

/** Looks at what came; fails for what is no picture. */
export type ExaminePicture = (bytes: Uint8Array) => Promise<PictureFacts>

/** Has a picture drawn and kept; fails as `Models` does. What it is, `examine` says, and whether it is one. */
export type DrawPicture = (wish: Wish, examine: ExaminePicture) => Promise<DrawnPicture>

/** A picture by its name: its bytes, or what a rehearsal imagines. Null where there is none, or it is another's. */
export type FindPicture = (name: string) => Promise<KeptPicture | null>
export type KeptPicture = { readonly bytes: Uint8Array } | { readonly imagined: PictureFacts }

/** Of a picture that is kept. */
export const LARGEST_PICTURE = 20_971_520

const NAME = /^picture_([0-9a-f]{64})$/
/** No hash of anything begins so. */
const IMAGINED = '0'.repeat(32)
const WORD = 16

export function pictureName(hash: string): string {
  return `picture_${hash}`
}

/** Null for what is no name of a picture. */
export function pictureHash(name: string): string | null {
  return NAME.exec(name)?.[1] ?? null
}

const SIZES: Readonly<Record<PictureShape, readonly [width: number, height: number]>> = {
  square: [1_024, 1_024],
  landscape: [1_536, 1_024],
  portrait: [1_024, 1_536],
}

/** In pixels, as far as the model keeps to it. */
export function sizeOfShape(shape: PictureShape): readonly [width: number, height: number] {
  return SIZES[shape]
}

/** What a rehearsal takes for drawn. */
export function imaginedPicture(wish: Wish): DrawnPicture {
  const [width, height] = sizeOfShape(wish.shape)
  const mark = sha256Hex(JSON.stringify([wish.prompt, wish.shape, wish.quality])).slice(0, WORD)
  const picture = pictureName(`${IMAGINED}${mark}${hexOf(width)}${hexOf(height)}`)
  return { picture, format: 'png', width, height, bytes: width * height }
}

/** Null for a picture that somebody drew. */
export function imaginedFacts(name: string): PictureFacts | null {
  const hash = pictureHash(name)
  if (hash?.startsWith(IMAGINED) !== true) return null
  const at = IMAGINED.length + WORD
  const number = (from: number) => Number.parseInt(hash.slice(from, from + WORD / 2), 16)
  return { format: 'png', width: number(at), height: number(at + WORD / 2) }
}

function hexOf(number: number): string {
  return number.toString(16).padStart(WORD / 2, '0')
}
