/** `files.copy`: a second file with the same content, complete or not there. */
import { z } from 'zod'
import { defineTool, type Reconciled, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { copyOpen, isUntouched, markFile, markOf, temporaryName } from './content.ts'
import { reject } from './failures.ts'
import { pathInput } from './paths.ts'
import { putFile, seePut, takeBack, undoableOf, type Put } from './put.ts'
import { folderText, nameText } from './sentences.ts'
import { evidenceOf, NO_EVIDENCE, type Flights } from './step.ts'
import {
  ifExists,
  meetTarget,
  parents,
  planned,
  planOf,
  planSchema,
  Transfers,
  type Plan,
  type Transfer,
} from './target.ts'
import type { Place, Workspace } from './workspace.ts'

const NAME = 'files.copy'

const input = z.strictObject({ from: pathInput, to: pathInput, ifExists, parents })
type Input = z.output<typeof input>

const output = z.strictObject({
  from: z.string(),
  path: z.string().describe('Where the copy is.'),
  bytes: z.int(),
  hash: z.string().describe('SHA-256 of the content, in hexadecimal.'),
  overwritten: z.boolean().describe('Whether a file that was there was replaced.'),
})
type Output = z.output<typeof output>

export function copyTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const copying = new Copying(workspace)
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Copy a file',
    doc:
      'Copies one file: `to` is the full path of the copy with the name. Nothing is replaced unless `ifExists` is ' +
      '`overwrite`; with `rename` the next free name is taken. Folders are not copied.',
    effect: 'write',
    input,
    output,
    positional: ['from', 'to'],
    touches: ({ from, to }) => ({
      paths: [
        { path: workspace.resolve(from), access: 'read' },
        { path: workspace.resolve(to), access: 'write' },
      ],
    }),
    risk: given => (given.ifExists === 'overwrite' ? 'medium' : 'low'),
    idempotency: 'reconcile',
    timeoutMs: 600_000,
    settleMs: 0,
    prepare: (given, context) => copying.plan(given, context),
    run: (given, context) => flights.run(context.stepId, () => copying.run(given, context)),
    reconcile: (given, context) => flights.after(context.stepId, () => copying.reconcile(given, context)),
    simulate: async (given, context) => copying.resultOf(given, await copying.plan(given, context)),
    undo: (given, done, context) => flights.run(context.stepId, () => copying.undo(given, done, context)),
    undoable: (_, { overwritten }, recorded) =>
      undoableOf({ replaced: overwritten }, planSchema.safeParse(recorded).data?.before),
    describe: (given, done) => {
      const [from, to] = [workspace.resolve(given.from), done?.path ?? workspace.resolve(given.to)]
      return `Copied ${nameText(from)} to ${folderText(to)}${nameText(from) === nameText(to) ? '' : ` as ${nameText(to)}`}`
    },
  })
}

class Copying {
  readonly #workspace: Workspace
  readonly #transfers: Transfers

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#transfers = new Transfers(workspace)
  }

  async plan(given: Input, context: ToolContext): Promise<Plan> {
    const transfer = await this.#transfers.settle(this.#transferOf(given), context)
    return this.#transfers.both(transfer, context, async ends => {
      const source = await markFile(ends.from.folder, ends.from.name, false, context.signal)
      return planOf(transfer, ends, source, context.signal)
    })
  }

  async run(given: Input, context: ToolContext): Promise<Output> {
    const plan = evidenceOf(planSchema, context) ?? (await this.plan(given, context))
    const transfer = planned(this.#transferOf(given), plan)
    return this.#transfers.both(transfer, context, async ends => {
      const met = await meetTarget(transfer, ends)
      const { handle, stat } = await ends.from.folder.openFile(ends.from.name, 'read')
      const copied = markOf(stat, { hash: null, kept: null })
      let hash = ''
      try {
        const write: Put['write'] = async copy => {
          hash = await copyOpen(handle, copy, context.signal)
          const now = await handle.stat({ bigint: true })
          if (!isUntouched(copied, now)) reject(ends.from.path, 'changed while it was copied', 'Retry.')
        }
        await putFile({ ...this.#frame(ends.to, context), mode: copied.mode, overwrite: met.replaces, write })
      } finally {
        await handle.close()
      }
      return {
        from: ends.from.path,
        path: ends.to.path,
        bytes: copied.bytes,
        hash,
        overwritten: met.replaces,
      }
    })
  }

  async reconcile(given: Input, context: ToolContext): Promise<Reconciled<Output>> {
    const plan = evidenceOf(planSchema, context)
    if (plan?.source.hash === undefined || plan.source.hash === null)
      return { is: 'unknown', evidence: NO_EVIDENCE }
    const expected = { hash: plan.source.hash, bytes: plan.source.bytes, before: plan.before }
    return this.#at(plan.to, context, async place => {
      const seen = await seePut(place, temporaryName(context.stepId), expected, context.signal)
      return seen.is === 'applied' ? { is: 'applied', result: this.resultOf(given, plan) } : seen
    })
  }

  undo(_given: Input, done: Output, context: ToolContext): Promise<void> {
    const { before = null, made = 0 } = evidenceOf(planSchema, context) ?? {}
    return this.#at(done.path, context, async place => {
      if (done.overwritten && before === null)
        reject(place.path, 'cannot be restored: what was there was not recorded')
      await takeBack(this.#frame(place, context), { hash: done.hash, bytes: done.bytes, before, made })
    })
  }

  resultOf(given: Input, { source, to, before }: Plan): Output {
    const from = this.#workspace.resolve(given.from)
    return { from, path: to, bytes: source.bytes, hash: source.hash ?? '', overwritten: before !== null }
  }

  #transferOf(given: Input): Transfer {
    const [from, to] = [this.#workspace.resolve(given.from), this.#workspace.resolve(given.to)]
    return { tool: NAME, takes: 'read', from, to, ifExists: given.ifExists, parents: given.parents }
  }

  #frame(place: Place, { stepId, signal }: ToolContext): Omit<Put, 'write' | 'mode' | 'overwrite'> {
    return { tool: NAME, place, temporary: temporaryName(stepId), signal, reached: this.#workspace.reached }
  }

  #at<T>(target: string, context: ToolContext, use: (place: Place) => Promise<T>): Promise<T> {
    const foundAt = evidenceOf(planSchema, context)?.real.to
    return this.#workspace.at(
      target,
      { contract: context.contract, tool: NAME, access: 'write', foundAt },
      use,
    )
  }
}
