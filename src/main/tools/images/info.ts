/** `images.info` and `images.hash`: what a picture is, without changing anything. */
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { pathInput } from '../files/paths.ts'
import { nameText } from '../files/sentences.ts'
import { readWhole, type Whole } from '../files/whole.ts'
import type { Workspace } from '../files/workspace.ts'
import { MAX_PICTURE_BYTES } from './darkroom.ts'
import { detailsOf } from './details.ts'
import { READ_FORMATS } from './picture.ts'
import type { Tools } from './render.ts'

const input = z.strictObject({ path: pathInput })
type Input = z.output<typeof input>

const text = z.string().nullable()

const infoOutput = z.strictObject({
  path: z.string(),
  format: z.enum(READ_FORMATS).describe('By the content; the name may say something else.'),
  width: z.int().describe('In pixels, as the picture is seen.'),
  height: z.int(),
  bytes: z.int(),
  frames: z.int().describe('More than 1 for a moving picture, or one of several pages.'),
  transparent: z.boolean().describe('Whether it has a channel for transparency.'),
  taken: z
    .strictObject({
      local: z.string().describe("By the camera's clock: 2026-03-14T12:30:00."),
      offset: text.describe('Its distance from UTC, such as +01:00; null where the camera did not say.'),
      at: z.int().nullable().describe('UTC ms; null where offset is.'),
    })
    .nullable(),
  camera: z.strictObject({ make: text, model: text, lens: text }),
  copyright: text,
  located: z.boolean().describe('Whether it says where it was taken.'),
  location: z
    .strictObject({
      latitude: z.number().describe('Degrees; north is positive.'),
      longitude: z.number().describe('Degrees; east is positive.'),
      altitude: z.number().nullable().describe('Metres above the sea.'),
    })
    .nullable(),
  problem: text.describe('Why its details could not be read, or null.'),
})
type Info = z.output<typeof infoOutput>

const hashOutput = z.strictObject({ path: z.string(), hash: z.string().describe('16 hexadecimal digits.') })
type Hash = z.output<typeof hashOutput>

function reading(workspace: Workspace) {
  return {
    version: 1,
    effect: 'read',
    input,
    positional: ['path'],
    touches: ({ path }: Input) => ({ paths: [{ path: workspace.resolve(path), access: 'read' as const }] }),
    risk: 'low',
    idempotency: 'natural',
    timeoutMs: 300_000,
  } as const
}

function openPicture(
  workspace: Workspace,
  path: string,
  tool: string,
  context: Pick<ToolContext, 'contract'>,
): Promise<Whole> {
  return readWhole(workspace, { path, tool, maxBytes: MAX_PICTURE_BYTES }, context)
}

export function infoTool(workspace: Workspace, tools: Tools): ToolDeclaration {
  return defineTool<Input, Info>({
    ...reading(workspace),
    name: 'images.info',
    title: 'Look at a picture',
    doc:
      'Size and format of a picture, and what its EXIF data says: when, with what and where it was taken. Decodes ' +
      'no pixel, so any size does. What EXIF says is a claim of whoever wrote the file. Fails as bad-response for ' +
      'what is no picture.',
    output: infoOutput,
    run: ({ path }, context) => look(workspace, tools, path, context),
    describe: ({ path }, done) =>
      done === undefined
        ? `Looked at ${nameText(path)}`
        : `Looked at ${nameText(path)} (${String(done.width)} × ${String(done.height)})`,
  })
}

async function look(
  workspace: Workspace,
  { darkroom, compute }: Tools,
  path: string,
  context: ToolContext,
): Promise<Info> {
  const file = await openPicture(workspace, path, 'images.info', context)
  const header = await darkroom.header(file)
  const { width, height, format, meta } = header
  return {
    path: file.path,
    format,
    width,
    height,
    bytes: file.bytes.length,
    frames: meta.pages ?? 1,
    transparent: meta.hasAlpha,
    ...(await detailsOf(compute, header, context)),
  }
}

/** Two neighbours of each of 8 × 8 places are compared, so the small picture is one column wider. */
const SIDE = 8

export function hashTool(workspace: Workspace, { darkroom }: Tools): ToolDeclaration {
  return defineTool<Input, Hash>({
    ...reading(workspace),
    name: 'images.hash',
    title: 'Hash what a picture shows',
    doc:
      'A hash of what a picture shows, not of its bytes: a smaller or more compressed copy has the same hash or ' +
      'nearly. Of 64 bits, up to about 5 differ between copies of one picture. It cannot tell plain pictures apart, ' +
      'and proves nothing.',
    output: hashOutput,
    run: async ({ path }, context) => {
      const file = await openPicture(workspace, path, 'images.hash', context)
      const header = await darkroom.header(file)
      const grey = await darkroom.develop(file, header, context.signal, picture =>
        picture
          .flatten({ background: '#ffffff' })
          .greyscale()
          .resize(SIDE + 1, SIDE, { fit: 'fill' })
          .extractChannel(0)
          .raw({ depth: 'uchar' })
          .toBuffer(),
      )
      return { path: file.path, hash: slopes(grey) }
    },
    describe: ({ path }) => `Hashed what ${nameText(path)} shows`,
  })
}

/** One bit for each place: whether it gets brighter to the right. */
function slopes(grey: Buffer): string {
  let bits = 0n
  for (let place = 0; place < SIDE * SIDE; place++) {
    const at = Math.floor(place / SIDE) * (SIDE + 1) + (place % SIDE)
    bits = (bits << 1n) | ((grey[at] ?? 0) < (grey[at + 1] ?? 0) ? 1n : 0n)
  }
  return bits.toString(16).padStart(16, '0')
}
