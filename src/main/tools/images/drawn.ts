/**
 * `images.generate` and `images.save`: a picture that a model draws, and writing it somewhere. The script holds a name;
 * the bytes stay with the host, which looks at them before anybody else does.
 */
import { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { fail } from '../../../domain/failure.ts'
import { DATA_RULE, promptBlock } from '../../../domain/prompt-block.ts'
import { DRAWN_FORMATS, PICTURE_QUALITIES, PICTURE_SHAPES, pictureHash } from '../../../domain/picture.ts'
import type { DrawnPicture, KeptPicture, PictureFacts } from '../../../domain/picture.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { nameText } from '../files/sentences.ts'
import type { Whole } from '../files/whole.ts'
import { content, COSTS, modelCall, sizeOf, wish } from '../llm/asked.ts'
import { MAX_PIXELS, type Darkroom, type Header } from './darkroom.ts'
import type { Made, Order } from './making.ts'
import { refuse, writtenFormat, type WriteFormat } from './picture.ts'
import { hashOf, render, type Rendered, type Tools } from './render.ts'
import { qualityOf, written, writing, type Studio } from './studio.ts'

const MOST_PROMPT = 4_000
const MOST_DATA = 20_000
/** Nobody asks for less: what is smaller stands for a picture and is none. */
const SMALLEST_SIDE = 16

const generateInput = z.strictObject({
  prompt: wish(MOST_PROMPT).describe(
    'What the picture is to show, in words. From the script, never from outside.',
  ),
  from: content
    .refine(text => text.length <= MOST_DATA, {
      error: 'is longer than 20,000 characters: give the part that matters',
    })
    .optional()
    .describe('What it is about, where that comes from outside: data, 20,000 characters at most.'),
  shape: z.enum(PICTURE_SHAPES).default('square'),
  quality: z
    .enum(PICTURE_QUALITIES)
    .default('medium')
    .describe('What it costs rises with it, where the model knows qualities.'),
})

type GenerateInput = z.output<typeof generateInput>

const drawnSchema = z.strictObject({
  picture: z.string().describe('Its name, for images.save: picture_ and 64 hexadecimal digits.'),
  format: z.enum(DRAWN_FORMATS),
  width: z.int().describe('In pixels; as the model took the shape.'),
  height: z.int(),
  bytes: z.int(),
})

export function generateTool({ darkroom }: Pick<Tools, 'darkroom'>): ToolDeclaration {
  return defineTool<GenerateInput, DrawnPicture>({
    ...modelCall,
    name: 'images.generate',
    title: 'Draw a picture',
    doc: `Has a model draw a picture (the one of the role images). The picture stays with Steward for 30 days after its last use, longer while anything of the automation is unfinished, and only under this automation: images.save writes it somewhere. It is a draft that nobody has looked at. A rehearsal draws nothing and goes on with a name that only it knows. Fails as rejected where the model refuses, as bad-response where no picture came. ${COSTS} The budget needs room for the most that a picture may cost, which is more than it does: about $0.12 at low and medium quality and $0.30 at high, with the usual models.`,
    timeoutMs: 300_000,
    input: generateInput,
    output: drawnSchema,
    positional: ['prompt'],
    run: (asked, { draw }) => {
      if (draw === undefined) throw new Error('a tool that draws was given nobody who does')
      const { shape, quality } = asked
      return draw({ prompt: promptOf(asked), shape, quality }, bytes => examine(darkroom, bytes))
    },
    redact: ({ from, ...given }) => ({ ...given, from: from === undefined ? null : sizeOf(from) }),
    describe: ({ prompt }, drawn) =>
      `Drew a picture${drawn === undefined ? '' : ` (${sizeText(drawn)})`}: ${visibleText(prompt, 120)}`,
  })
}

/** A model that draws may read what it is shown as what it is told: it has no tools, and whatever comes is a picture. */
function promptOf({ prompt, from }: GenerateInput): string {
  if (from === undefined) return prompt
  const block = promptBlock('what the script gave', from)
  return `${prompt}\n\nWhat it is about comes from the data alone. ${DATA_RULE}\n\n${block}`
}

/** By its first bytes and its header; no pixel is decoded. */
async function examine(darkroom: Darkroom, bytes: Uint8Array): Promise<PictureFacts> {
  const { format, width, height } = await darkroom.header(wholeOf('The answer of the model', bytes))
  const known = DRAWN_FORMATS.find(each => each === format)
  if (known === undefined) return notOne(`a ${format.toUpperCase()} picture, which is not used here`)
  if (width * height > MAX_PIXELS || Math.min(width, height) < SMALLEST_SIDE)
    return notOne(`a picture of ${sizeText({ width, height })}, which cannot be what was asked for`)
  return { format: known, width, height }
}

function notOne(what: string): never {
  return fail({ kind: 'bad-response', message: `The model answered with ${what}. Nothing of it was kept.` })
}

const saveInput = z.strictObject({
  picture: z.string().describe('As images.generate named it.'),
  to: written.to,
  quality: written.quality,
  overwrite: written.overwrite,
  parents: written.parents,
})
type SaveInput = z.output<typeof saveInput>

export function saveTool(studio: Studio): ToolDeclaration {
  const { workspace, tools } = studio
  const orderOf = ({ picture, to, quality, overwrite, parents }: SaveInput): Order => {
    const chosen = qualityOf(writtenFormat(to, undefined), quality)
    const from = nameOf(picture)
    const make = async (context: ToolContext) =>
      made(tools, { from, chosen, context }, await keptOf(picture, context))
    return { tool: 'images.save', from, to, overwrite, parents, format: chosen.format, make }
  }
  return defineTool<SaveInput, Made>({
    ...writing(studio, orderOf),
    name: 'images.save',
    title: 'Save a drawn picture',
    doc: 'Writes a picture that images.generate had drawn, in the format that the name in `to` ends with: as it came where that is its own and no quality is chosen, else converted. Exactly the same picture already there counts as done. Fails as invalid-input where this automation has no such picture, or has it no more.',
    input: saveInput,
    positional: ['picture', 'to'],
    touches: ({ to }) => ({ paths: [{ path: workspace.resolve(to), access: 'write' }] }),
    describe: ({ picture, to }, done) =>
      done?.changed === false
        ? `Found ${nameText(to)} already saved`
        : `Saved ${nameOf(picture)} as ${nameText(to)}`,
  })
}

async function keptOf(name: string, { picture: find }: ToolContext): Promise<KeptPicture> {
  if (pictureHash(name) === null) refuse('picture', 'That is not the name of a picture.')
  const kept = (await find?.(name)) ?? null
  if (kept === null)
    refuse(
      'picture',
      `This automation has no ${nameOf(name)}: it never had it drawn, or longer ago than pictures are kept. Draw it anew.`,
    )
  return kept
}

interface Saving {
  readonly from: string
  readonly chosen: { format: WriteFormat; quality: number | null }
  readonly context: ToolContext
}

async function made(tools: Tools, { from, chosen, context }: Saving, kept: KeptPicture): Promise<Rendered> {
  if ('imagined' in kept) return imaginedOf(kept.imagined)
  const file = wholeOf(from, kept.bytes)
  const header = await tools.darkroom.header(file)
  if (isAsWanted(header, chosen)) {
    const { bytes } = file
    return { bytes, hash: await hashOf(bytes), width: header.width, height: header.height }
  }
  return render(tools, file, { shape: { kind: 'whole' }, ...chosen, details: 'none' }, context)
}

/** Of a moving picture the first frame is taken, and one that lies on its side is turned. */
function isAsWanted({ format, meta }: Header, chosen: Saving['chosen']): boolean {
  const isPlain = (meta.pages ?? 1) === 1 && (meta.orientation ?? 1) === 1
  return isPlain && format === chosen.format && chosen.quality === null
}

/** Nothing there is the same as what nobody drew. */
function imaginedOf({ width, height }: PictureFacts): Rendered {
  return { bytes: Buffer.alloc(0), hash: '0'.repeat(64), width, height }
}

function wholeOf(path: string, { buffer, byteOffset, byteLength }: Uint8Array): Whole {
  return { path, bytes: Buffer.from(buffer, byteOffset, byteLength) }
}

/** As sentences have it: enough to tell two apart. */
function nameOf(picture: string): string {
  return `picture ${visibleText(picture.replace(/^picture_/, ''), 60).slice(0, 8)}`
}

function sizeText({ width, height }: Pick<PictureFacts, 'width' | 'height'>): string {
  return `${String(width)} × ${String(height)}`
}
