/** Where something is moved or copied to: what `ifExists` means, decided once, before anything changes. */
import path from 'node:path'
import { z } from 'zod'
import type { ToolContext } from '../../../domain/tool.ts'
import { refuseSpecial } from './anchor.ts'
import { madeFolders, markFile, markSchema, type Mark } from './content.ts'
import { reject } from './failures.ts'
import { foldName, numberedName } from './names.ts'
import { namesBelow } from './paths.ts'
import { ledElsewhere, type Access, type Place, type Unchecked, type Workspace } from './workspace.ts'

const MAX_NUMBER = 10_000

export const ifExists = z
  .enum(['fail', 'rename', 'overwrite'])
  .default('fail')
  .describe(
    'When the target is there: stop, take the next free name such as `a (2).pdf`, or replace the file.',
  )
export const parents = z.boolean().default(false).describe('Whether missing folders on the way are made.')

export interface Transfer {
  readonly tool: string
  readonly from: string
  readonly to: string
  /** Moving takes the source away; copying reads it. */
  readonly takes: Extract<Access, 'read' | 'delete'>
  readonly ifExists: z.output<typeof ifExists>
  readonly parents: boolean
  /** Names that were there or were judged before: the last one, or all. */
  readonly unchecked?: Unchecked
  /** Where both ends really were when the step was prepared. */
  readonly foundAt?: Plan['real']
}

/** What `prepare` found and chose; recorded, so that a repeat has the same target and knows the same source. */
export const planSchema = z.strictObject({
  source: markSchema,
  to: z.string(),
  before: markSchema.nullable(),
  /** Where both ends really were. */
  real: z.strictObject({ from: z.string(), to: z.string() }),
  made: madeFolders,
})
export type Plan = z.output<typeof planSchema>

export interface Ends {
  from: Place
  to: Place
}

export class Transfers {
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /** Both ends held at once, for as long as they are used. */
  both<T>(transfer: Transfer, context: ToolContext, use: (ends: Ends) => Promise<T>): Promise<T> {
    const { tool, takes, foundAt } = transfer
    const { contract } = context
    return this.#workspace.at(
      transfer.from,
      { contract, tool, access: takes, foundAt: foundAt?.from },
      from =>
        this.#workspace.at(transfer.to, { contract, tool, access: 'write', foundAt: foundAt?.to }, to => {
          if (from.root === to.root && from.realRoot !== to.realRoot) ledElsewhere(to.path, to.clause)
          return use({ from, to })
        }),
    )
  }

  /** The transfer with its final target: the next free name where one was asked for. */
  async settle(transfer: Transfer, context: ToolContext): Promise<Transfer> {
    if (transfer.ifExists !== 'rename') return transfer
    const name = await this.both(transfer, context, ends => freeName(ends, recased(transfer, ends)))
    const to = path.join(path.dirname(transfer.to), name)
    return { ...transfer, to, ifExists: 'fail', ...unchecked(transfer) }
  }
}

/** Refuses what cannot be moved or copied to there, and says what would be replaced. */
export async function meetTarget(transfer: Transfer, { from, to }: Ends): Promise<MetTarget> {
  if (isSamePlace(from, to)) reject(to.path, 'is the very file that was to be put there')
  if (namesBelow(from.real, to.real) !== null) reject(to.path, 'lies inside what was to be put there')
  const except = recased(transfer, { from, to })
  const found = await to.meet({
    parents: transfer.parents,
    ...unchecked(transfer),
    ...(except === null ? {} : { except }),
  })
  if (found === null) return { replaces: false, recased: except !== null }
  if (transfer.ifExists !== 'overwrite') {
    const next = found.isDirectory()
      ? 'It is a folder: give the full new path, with the name.'
      : 'Choose another name, or set ifExists to rename or overwrite.'
    reject(to.path, 'already existed', next)
  }
  refuseSpecial(found, to.path, to.clause)
  if ((await from.stat())?.isDirectory() === true)
    reject(to.path, 'is a file and cannot be replaced by a folder')
  return { replaces: true, recased: false }
}

export interface MetTarget {
  /** A file is there, and may be replaced. */
  replaces: boolean
  /** The new name is another spelling of the old one in the same folder. */
  recased: boolean
}

/** What is recorded of a transfer about to be made. */
export async function planOf(
  transfer: Transfer,
  ends: Ends,
  source: Mark,
  signal: AbortSignal,
): Promise<Plan> {
  const { from, to } = ends
  const met = await meetTarget(transfer, ends)
  const before = met.replaces ? await markFile(to.folder, to.name, true, signal) : null
  return { source, to: transfer.to, before, real: { from: from.real, to: to.real }, made: to.missing }
}

/** A repeat goes to the target that was recorded; where a free name was asked for, it was chosen then. */
export function planned(asked: Transfer, plan: Plan): Transfer {
  const transfer = { ...asked, to: plan.to, foundAt: plan.real }
  return asked.ifExists === 'rename' ? { ...transfer, ifExists: 'fail', unchecked: 'path' } : transfer
}

/** A name that the source has already is no invention of a script, however odd. */
function unchecked(transfer: Transfer): { unchecked?: Unchecked } {
  if (transfer.unchecked !== undefined) return { unchecked: transfer.unchecked }
  return path.basename(transfer.from) === path.basename(transfer.to) ? { unchecked: 'name' } : {}
}

function sharesFolder(from: Place, to: Place): boolean {
  return to.hasFolder && from.folder.inode === to.folder.inode && from.folder.device === to.folder.device
}

function isSamePlace(from: Place, to: Place): boolean {
  return sharesFolder(from, to) && from.name === to.name
}

/** The source's own name, where it is only to be spelled differently: a move may, a copy would collide with it. */
function recased(transfer: Transfer, { from, to }: Ends): string | null {
  if (transfer.takes !== 'delete') return null
  const differsInCase = from.name !== to.name && foldName(from.name) === foldName(to.name)
  return differsInCase && sharesFolder(from, to) ? from.name : null
}

async function freeName({ to }: Ends, except: string | null): Promise<string> {
  if (!to.hasFolder) return to.name
  const start = foldName(numberedName(to.name, 1)).replace(/ \(1\).*$/u, '')
  const taken = new Set<string>()
  for await (const name of to.folder.names()) {
    const folded = foldName(name)
    if (name !== except && folded.startsWith(start)) taken.add(folded)
  }
  for (let number = 1; number <= MAX_NUMBER; number++) {
    const name = number === 1 ? to.name : numberedName(to.name, number)
    if (!taken.has(foldName(name))) return name
  }
  reject(to.path, `already existed, and so did ${MAX_NUMBER} further names`)
}
