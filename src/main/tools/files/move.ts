/** `files.move`: gives a file or folder another place or name. */
import { z } from 'zod'
import { defineTool, type ToolDeclaration } from '../../../domain/tool.ts'
import { Moving } from './moving.ts'
import { pathInput } from './paths.ts'
import { folderText, nameText } from './sentences.ts'
import { evidenceOf, NO_EVIDENCE, type Flights } from './step.ts'
import { undoableOf } from './put.ts'
import { ifExists, parents, planSchema, type Transfer } from './target.ts'
import type { Workspace } from './workspace.ts'

const NAME = 'files.move'

const input = z.strictObject({ from: pathInput, to: pathInput, ifExists, parents })
type Input = z.output<typeof input>

const output = z.strictObject({
  from: z.string(),
  path: z.string().describe('Where it is now.'),
  overwritten: z.boolean().describe('Whether a file that was there was replaced.'),
})
type Output = z.output<typeof output>

export function moveTool(workspace: Workspace, flights: Flights): ToolDeclaration {
  const moving = new Moving(workspace)
  const transferOf = (given: Input): Transfer => ({
    ...given,
    tool: NAME,
    takes: 'delete',
    from: workspace.resolve(given.from),
    to: workspace.resolve(given.to),
  })
  return defineTool<Input, Output>({
    name: NAME,
    version: 1,
    title: 'Move or rename a file or folder',
    doc:
      'Moves a file or folder: `to` is the full new path with the name. Nothing is replaced unless `ifExists` is ' +
      '`overwrite`; with `rename` the next free name is taken. Between two disks only files are moved.',
    effect: 'write',
    input,
    output,
    positional: ['from', 'to'],
    touches: ({ from, to }) => ({
      paths: [
        { path: workspace.resolve(from), access: 'delete' },
        { path: workspace.resolve(to), access: 'write' },
      ],
    }),
    risk: 'medium',
    idempotency: 'reconcile',
    timeoutMs: 600_000,
    settleMs: 0,
    prepare: (given, context) => moving.plan(transferOf(given), context),
    run: (given, context) =>
      flights.run(context.stepId, async () => {
        const transfer = transferOf(given)
        const plan = evidenceOf(planSchema, context) ?? (await moving.plan(transfer, context))
        return moving.carryOut(transfer, plan, context)
      }),
    reconcile: (given, context) =>
      flights.after(context.stepId, async () => {
        const plan = evidenceOf(planSchema, context)
        if (plan === null) return { is: 'unknown', evidence: NO_EVIDENCE }
        return moving.reconcile(transferOf(given), plan, context)
      }),
    simulate: async (given, context) => {
      const transfer = transferOf(given)
      const plan = await moving.plan(transfer, context)
      return { from: transfer.from, path: plan.to, overwritten: plan.before !== null }
    },
    undo: (given, done, context) =>
      flights.run(context.stepId, () =>
        moving.undo(done, transferOf(given), evidenceOf(planSchema, context), context),
      ),
    undoable: (_, { overwritten }, recorded) =>
      undoableOf({ replaced: overwritten }, planSchema.safeParse(recorded).data?.before),
    describe: (given, done) =>
      sentence(workspace.resolve(given.from), done?.path ?? workspace.resolve(given.to)),
  })
}

function sentence(from: string, to: string): string {
  const [oldName, newName] = [nameText(from), nameText(to)]
  if (folderText(from) === folderText(to)) return `Renamed ${oldName} to ${newName}`
  return `Moved ${oldName} to ${folderText(to)}${oldName === newName ? '' : ` as ${newName}`}`
}
