/** From one picture to another: turned as it is seen, cut or scaled, and written in a format with a choice of details. */
import type { Sharp } from 'sharp'
import type { ToolContext } from '../../../domain/tool.ts'
import type { Compute } from '../compute/pool.ts'
import { bytesText } from '../files/sentences.ts'
import type { Whole } from '../files/whole.ts'
import type { Darkroom, Header } from './darkroom.ts'
import { MAX_PIXELS, refuseUndecodable } from './darkroom.ts'
import { detailsOf } from './details.ts'
import type { Details } from './facts.ts'
import { refuse, type WriteFormat } from './picture.ts'

export const LONGEST_SIDE = 16_383
const MAX_RESULT_BYTES = 134_217_728

export type Fit = 'inside' | 'cover' | 'fill'

export type Shape =
  | { kind: 'whole' }
  | { kind: 'size'; width: number | null; height: number | null; fit: Fit; enlarge: boolean }
  | { kind: 'part'; left: number; top: number; width: number; height: number }

/** basic: when, with what, whose; not where · all: everything there was · none: the picture alone. */
export type Keeping = 'basic' | 'all' | 'none'

export interface Recipe {
  readonly shape: Shape
  readonly format: WriteFormat
  /** Null for what is usual for the format. */
  readonly quality: number | null
  readonly details: Keeping
}

export interface Rendered {
  readonly bytes: Buffer
  readonly hash: string
  readonly width: number
  readonly height: number
}

export interface Tools {
  readonly darkroom: Darkroom
  readonly compute: Compute
}

export async function render(
  { darkroom, compute }: Tools,
  file: Whole,
  recipe: Recipe,
  context: Pick<ToolContext, 'runId' | 'signal'>,
): Promise<Rendered> {
  const header = await darkroom.header(file)
  refuseUndecodable(file, header)
  checkShape(recipe.shape, header)
  const details = recipe.details === 'basic' ? await detailsOf(compute, header, context) : null
  const { data, info } = await darkroom.develop(file, header, context.signal, picture =>
    written(kept(shaped(picture, recipe.shape), recipe, details), recipe).toBuffer({
      resolveWithObject: true,
    }),
  )
  if (data.length > MAX_RESULT_BYTES) {
    refuse(
      'to',
      `The new picture would take ${bytesText(data.length)}, more than the 128 MB that are allowed.`,
    )
  }
  return { bytes: data, hash: await hashOf(data), width: info.width, height: info.height }
}

/** Off the core's loop, unlike `createHash`: a picture is long. */
export async function hashOf(bytes: Buffer): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes))).toString('hex')
}

function checkShape(shape: Shape, header: Header): void {
  const size = `The picture is ${String(header.width)} × ${String(header.height)} pixels`
  if (shape.kind === 'part') {
    const right = shape.left + shape.width
    const bottom = shape.top + shape.height
    if (right > header.width || bottom > header.height) {
      refuse('width', `${size}, and the part to cut out would end at ${String(right)} × ${String(bottom)}.`)
    }
  }
  const { width, height } = resultOf(shape, header)
  if (Math.max(width, height) <= LONGEST_SIDE && width * height <= MAX_PIXELS) return
  refuse(
    'width',
    `${size}, and the new one would be ${String(width)} × ${String(height)}: at most ${LONGEST_SIDE.toLocaleString('en')} on a side and ${String(MAX_PIXELS / 1e6)} million in all are allowed.`,
  )
}

interface Size {
  width: number
  height: number
}

function resultOf(shape: Shape, header: Header): Size {
  if (shape.kind === 'whole') return header
  return shape.kind === 'part' ? shape : sizeOf(shape, header)
}

/** What a resized picture will have at most. */
function sizeOf({ width, height, enlarge }: Extract<Shape, { kind: 'size' }>, header: Header): Size {
  const across = width ?? Math.max(1, Math.round((header.width * (height ?? 1)) / header.height))
  const down = height ?? Math.max(1, Math.round((header.height * (width ?? 1)) / header.width))
  if (enlarge) return { width: across, height: down }
  return { width: Math.min(across, header.width), height: Math.min(down, header.height) }
}

function shaped(picture: Sharp, shape: Shape): Sharp {
  switch (shape.kind) {
    case 'whole':
      return picture
    case 'part':
      return picture.extract(shape)
    case 'size': {
      const { width, height, fit, enlarge } = shape
      const sides = { ...(width === null ? {} : { width }), ...(height === null ? {} : { height }) }
      return picture.resize({ ...sides, fit, withoutEnlargement: !enlarge })
    }
  }
}

function kept(picture: Sharp, { details: keeping }: Recipe, details: Details | null): Sharp {
  if (keeping === 'all') return picture.keepMetadata()
  return details === null ? picture : withBasics(picture, details)
}

/** Only text that every reader of EXIF takes for the same. */
function withBasics(picture: Sharp, { taken, camera, copyright }: Details): Sharp {
  const first = tags({ Make: camera.make, Model: camera.model, Copyright: copyright })
  const second = tags({
    DateTimeOriginal: taken?.local.replaceAll('-', ':').replace('T', ' ') ?? null,
    OffsetTimeOriginal: taken?.offset ?? null,
  })
  if (Object.keys(first).length + Object.keys(second).length === 0) return picture
  return picture.withExif({ IFD0: first, IFD2: second })
}

function tags(values: Record<string, string | null>): Record<string, string> {
  const plain = ([, value]: [string, string | null]): boolean =>
    value !== null && /^[\x20-\x7e]+$/.test(value)
  return Object.fromEntries(Object.entries(values).filter(plain)) as Record<string, string>
}

/**
 * JPEG knows no transparency: what shines through becomes white. AVIF is made with little effort: more takes ten times
 * as long for a file of the same size.
 */
function written(picture: Sharp, { format, quality }: Recipe): Sharp {
  switch (format) {
    case 'jpeg':
      return picture.flatten({ background: '#ffffff' }).jpeg({ quality: quality ?? 85 })
    case 'png':
      return picture.png()
    case 'webp':
      return picture.webp({ quality: quality ?? 82 })
    case 'avif':
      return picture.avif({ quality: quality ?? 60, effort: 1 })
  }
}
