/** `files.trash`: out of the way, but not gone: into a folder of the same grant, from where it can be moved back. */
import { DateTime } from 'luxon'
import path from 'node:path'
import { z } from 'zod'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { markFile, type Mark } from './content.ts'
import { notPermitted, reject } from './failures.ts'
import { Moving } from './moving.ts'
import { displayText, TRASH_FOLDER } from './names.ts'
import { namesBelow, pathInput } from './paths.ts'
import { nameText } from './sentences.ts'
import { evidenceOf, NO_EVIDENCE, type Flights } from './step.ts'
import { planSchema, type Plan, type Transfer } from './target.ts'
import type { Workspace } from './workspace.ts'

const NAME = 'files.trash'

const input = z.strictObject({
  path: pathInput,
  copyOf: pathInput
    .optional()
    .describe('Only while this other file, which stays, holds exactly the same; otherwise nothing is done.'),
})
type Input = z.output<typeof input>

const output = z.strictObject({
  from: z.string(),
  path: z.string().describe('Where it is now, and can be moved back from.'),
  overwritten: z.literal(false),
})
type Output = z.output<typeof output>

export function trashTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const trashing = new Trashing(workspace)
  return defineTool<Input, Output>({
    name: NAME,
    version: 2,
    title: 'Put a file or folder into the trash',
    doc:
      `Moves a file or folder into \`${TRASH_FOLDER}/<date>\` of the granted folder it lies in, under a free name. ` +
      'Nothing is deleted; the result says where it is. Trash is not listed by `list`.',
    effect: 'write',
    input,
    output,
    positional: ['path'],
    touches: ({ path: taken, copyOf }) => ({
      paths: [
        { path: workspace.resolve(taken), access: 'delete' },
        ...(copyOf === undefined ? [] : [{ path: workspace.resolve(copyOf), access: 'read' as const }]),
      ],
    }),
    risk: 'medium',
    idempotency: 'reconcile',
    timeoutMs: 600_000,
    settleMs: 0,
    prepare: (given, context) => trashing.plan(given, context),
    run: (given, context) => flights.run(context.stepId, () => trashing.run(given, context)),
    reconcile: (given, context) =>
      flights.after(context.stepId, async () => {
        const plan = evidenceOf(planSchema, context)
        if (plan === null) return { is: 'unknown', evidence: NO_EVIDENCE }
        const seen = await trashing.moving.reconcile(trashing.transferTo(given, plan.to), plan, context)
        return seen.is === 'applied'
          ? { is: 'applied', result: { ...seen.result, overwritten: false } }
          : seen
      }),
    simulate: async (given, context) => {
      await trashing.compare(given, context)
      const plan = await trashing.plan(given, context)
      return { from: workspace.resolve(given.path), path: plan.to, overwritten: false }
    },
    undo: (given, done, context) =>
      flights.run(context.stepId, () => {
        const transfer = trashing.transferTo(given, done.path)
        return trashing.moving.undo(done, transfer, evidenceOf(planSchema, context), context)
      }),
    describe: ({ path: taken, copyOf }) =>
      `Put ${nameText(taken)} into the trash${copyOf === undefined ? '' : `, as a copy of ${nameText(copyOf)}`}`,
  })
}

class Trashing {
  readonly moving: Moving
  readonly #workspace: Workspace

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.moving = new Moving(workspace)
  }

  async plan(given: Input, context: ToolContext): Promise<Plan> {
    return this.moving.plan(this.transferTo(given, this.#placeFor(given, context)), context)
  }

  async run(given: Input, context: ToolContext): Promise<Output> {
    const plan = evidenceOf(planSchema, context) ?? (await this.plan(given, context))
    await this.compare(given, context)
    const moved = await this.moving.carryOut(this.transferTo(given, plan.to), plan, context)
    return { ...moved, overwritten: false }
  }

  /** A copy may go only while the file it is a copy of is there, and is another one. */
  async compare({ path: taken, copyOf }: Input, context: ToolContext): Promise<void> {
    if (copyOf === undefined) return
    const [copy, other] = [await this.#mark(taken, context), await this.#mark(copyOf, context)]
    const shown = displayText(this.#workspace.resolve(copyOf))
    if (copy.inode === other.inode) reject(this.#workspace.resolve(taken), `is the very file ${shown}`)
    if (copy.hash !== other.hash)
      reject(this.#workspace.resolve(taken), `does not hold the same as ${shown} any more`)
  }

  #mark(given: string, { contract, signal }: ToolContext): Promise<Mark> {
    const target = this.#workspace.resolve(given)
    return this.#workspace.at(target, { contract, tool: NAME, access: 'read' }, place => {
      if (!place.hasFolder || place.leaf === null) reject(target, 'did not exist')
      return markFile(place.folder, place.leaf, false, signal)
    })
  }

  transferTo(given: Input, to: string): Transfer {
    const from = this.#workspace.resolve(given.path)
    return { tool: NAME, takes: 'delete', from, to, ifExists: 'rename', parents: true, unchecked: 'path' }
  }

  /** In the granted folder's own trash, under today's date in the contract's zone. */
  #placeFor(given: Input, context: ToolContext): string {
    const { contract } = context
    const target = this.#workspace.resolve(given.path)
    const root = this.#workspace.rootOf(target, { contract, tool: NAME, access: 'delete' })
    if (root === null) notPermitted(target, 'lies outside the folders granted for this', 'changes.paths')
    if (root === target) {
      const next = 'Grant the folder that holds it.'
      notPermitted(
        target,
        'is itself what was granted, so there is no place for its trash',
        'changes.paths',
        next,
      )
    }
    if (namesBelow(path.join(root, TRASH_FOLDER), target) !== null) reject(target, 'is in the trash already')
    const date = DateTime.fromMillis(context.now(), { zone: contract.zone }).toFormat('yyyy-MM-dd')
    return path.join(root, TRASH_FOLDER, date, path.basename(target))
  }
}
