/** What every tool that writes a picture takes, and how it is prepared, written, found out about and taken back. */
import { z } from 'zod'
import type { ToolDeclaration } from '../../../domain/tool.ts'
import { pathInput } from '../files/paths.ts'
import type { Flights } from '../files/step.ts'
import type { Workspace } from '../files/workspace.ts'
import { madeSchema, undoableMade, type Made, type Making, type Order } from './making.ts'
import { refuse, type WriteFormat } from './picture.ts'
import type { Tools } from './render.ts'

export interface Studio {
  readonly workspace: Workspace
  readonly tools: Tools
  readonly flights: Flights
  readonly making: Making
}

export const written = {
  to: pathInput.describe('The new picture; its name ends with .jpg, .jpeg, .png, .webp or .avif.'),
  quality: z.int().min(1).max(100).optional().describe('Of JPEG (85), WebP (82) and AVIF (60).'),
  overwrite: z.boolean().default(false).describe('Whether another file that is there may be replaced.'),
  parents: z.boolean().default(false).describe('Whether missing folders on the way are made.'),
}

type Written<I> = Pick<
  ToolDeclaration<I, Made>,
  | 'version'
  | 'effect'
  | 'output'
  | 'risk'
  | 'idempotency'
  | 'timeoutMs'
  | 'settleMs'
  | 'prepare'
  | 'run'
  | 'reconcile'
  | 'simulate'
  | 'undo'
  | 'undoable'
>

export function writing<I extends { overwrite: boolean }>(
  { flights, making }: Studio,
  orderOf: (given: I) => Order,
): Written<I> {
  return {
    version: 1,
    effect: 'write',
    output: madeSchema,
    risk: ({ overwrite }) => (overwrite ? 'medium' : 'low'),
    idempotency: 'reconcile',
    timeoutMs: 300_000,
    settleMs: 0,
    prepare: (given, context) => making.prepare(orderOf(given), context),
    run: (given, context) => flights.run(context.stepId, () => making.run(orderOf(given), context)),
    reconcile: (given, context) =>
      flights.after(context.stepId, () => making.reconcile(orderOf(given), context)),
    simulate: (given, context) => making.simulate(orderOf(given), context),
    undo: (given, done, context) =>
      flights.run(context.stepId, () => making.undo(orderOf(given), done, context)),
    undoable: (_, done, recorded) => undoableMade(done, recorded),
  }
}

export function qualityOf(
  format: WriteFormat,
  quality: number | undefined,
): { format: WriteFormat; quality: number | null } {
  if (format === 'png' && quality !== undefined)
    refuse('quality', 'A PNG keeps every pixel as it is, so it has no quality to choose.')
  return { format, quality: quality ?? null }
}
