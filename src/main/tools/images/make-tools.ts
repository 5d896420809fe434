/** `images.resize`, `images.convert` and `images.crop`: a new picture from one that is there. */
import { z } from 'zod'
import { defineTool, type ToolDeclaration } from '../../../domain/tool.ts'
import { pathInput } from '../files/paths.ts'
import { nameText } from '../files/sentences.ts'
import { readWhole } from '../files/whole.ts'
import { MAX_PICTURE_BYTES } from './darkroom.ts'
import type { Made, Order } from './making.ts'
import { WRITE_FORMATS, writtenFormat, type WriteFormat } from './picture.ts'
import { LONGEST_SIDE, render, type Keeping, type Shape } from './render.ts'
import { qualityOf, written, writing, type Studio } from './studio.ts'

const side = z.int().min(1).max(LONGEST_SIDE)

const common = {
  from: pathInput,
  to: written.to,
  quality: written.quality,
  details: z
    .enum(['basic', 'all', 'none'])
    .default('basic')
    .describe(
      '`basic` keeps when and with what the picture was taken and the copyright, not where; `all` keeps ' +
        'everything, the place included; `none` keeps nothing.',
    ),
  overwrite: written.overwrite,
  parents: written.parents,
}

interface Common {
  from: string
  to: string
  quality?: number | undefined
  details: Keeping
  overwrite: boolean
  parents: boolean
}

const COMMON_DOC =
  'The picture is turned as it is seen, its colours become sRGB, and of a moving one the first frame is taken. ' +
  'Location is left out unless `details` is `all`. Exactly the same picture already there counts as done. Takes ' +
  'files of 64 MB and 120 million pixels. Fails as bad-response for what is no picture, or a damaged one.'

interface Differences<I extends Common> {
  readonly name: string
  readonly title: string
  readonly doc: string
  readonly input: z.ZodType<I>
  readonly shape: (given: I) => Shape
  readonly format: (given: I) => WriteFormat
  readonly describe: (given: I, made: Made | undefined) => string
}

function makeTool<I extends Common>(studio: Studio, differences: Differences<I>): ToolDeclaration {
  const { workspace, tools } = studio
  const { name, title, doc, input, shape, format, describe } = differences
  const orderOf = (given: I): Order => {
    const recipe = { shape: shape(given), ...qualityOf(format(given), given.quality), details: given.details }
    return {
      tool: name,
      from: workspace.resolve(given.from),
      to: given.to,
      overwrite: given.overwrite,
      parents: given.parents,
      format: recipe.format,
      make: async context => {
        const wanted = { path: given.from, tool: name, maxBytes: MAX_PICTURE_BYTES }
        return render(tools, await readWhole(workspace, wanted, context), recipe, context)
      },
    }
  }
  return defineTool<I, Made>({
    ...writing(studio, orderOf),
    name,
    title,
    doc: `${doc} ${COMMON_DOC}`,
    input,
    positional: ['from', 'to'],
    touches: ({ from, to }) => ({
      paths: [
        { path: workspace.resolve(from), access: 'read' },
        { path: workspace.resolve(to), access: 'write' },
      ],
    }),
    describe: (given, made) =>
      made?.changed === false ? `Found ${nameText(given.to)} already made` : describe(given, made),
  })
}

function sizeText(made: Made | undefined): string {
  return made === undefined ? '' : ` (${String(made.width)} × ${String(made.height)})`
}

const resizeInput = z
  .strictObject({
    ...common,
    width: side.optional().describe('In pixels, as the picture is seen.'),
    height: side.optional(),
    fit: z
      .enum(['inside', 'cover', 'fill'])
      .default('inside')
      .describe(
        '`inside` stays within width and height; `cover` fills both and cuts the rest; `fill` distorts.',
      ),
    enlarge: z.boolean().default(false).describe('Whether a smaller picture may become larger.'),
  })
  .refine(({ width, height }) => width !== undefined || height !== undefined, {
    error: 'takes a width, a height or both',
  })

export function resizeTool(studio: Studio): ToolDeclaration {
  return makeTool(studio, {
    name: 'images.resize',
    title: 'Resize a picture',
    doc: 'Writes a smaller (or, with `enlarge`, a larger) copy of a picture.',
    input: resizeInput,
    shape: ({ width, height, fit, enlarge }) => ({
      kind: 'size',
      width: width ?? null,
      height: height ?? null,
      fit,
      enlarge,
    }),
    format: ({ to }) => writtenFormat(to, undefined),
    describe: ({ from, to }, made) => `Resized ${nameText(from)} to ${nameText(to)}${sizeText(made)}`,
  })
}

const convertInput = z.strictObject({
  ...common,
  format: z.enum(WRITE_FORMATS).optional().describe('Must agree with the name in `to`.'),
})

export function convertTool(studio: Studio): ToolDeclaration {
  return makeTool(studio, {
    name: 'images.convert',
    title: 'Convert a picture',
    doc: 'Writes a copy of a picture in another format, or the same without its details.',
    input: convertInput,
    shape: () => ({ kind: 'whole' }),
    format: ({ to, format }) => writtenFormat(to, format),
    describe: ({ from, to }) => `Converted ${nameText(from)} to ${nameText(to)}`,
  })
}

const place = z.int().min(0).max(1_000_000)
const extent = z.int().min(1).max(1_000_000)

const cropInput = z.strictObject({
  ...common,
  left: place.describe('Pixels from the left of the picture as it is seen.'),
  top: place,
  width: extent,
  height: extent,
})

export function cropTool(studio: Studio): ToolDeclaration {
  return makeTool(studio, {
    name: 'images.crop',
    title: 'Crop a picture',
    doc: 'Writes a part of a picture. A part that reaches beyond the picture is refused, never cut short.',
    input: cropInput,
    shape: ({ left, top, width, height }) => ({ kind: 'part', left, top, width, height }),
    format: ({ to }) => writtenFormat(to, undefined),
    describe: ({ from, to }, made) => `Cropped ${nameText(from)} to ${nameText(to)}${sizeText(made)}`,
  })
}
