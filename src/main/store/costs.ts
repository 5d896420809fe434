/** What work cost, in micro-dollars: its entries in pages, and its sums, a stretch of the table at a time. */
import type { Row } from './schema.ts'
import { query, statement } from './statement.ts'
import type { Reader } from './tx.ts'

export type CostRow = Row<'costs'>

export interface CostPlace {
  at: number
  id: string
}

const NEWEST: CostPlace = { at: Number.MAX_SAFE_INTEGER, id: '' }

interface Stretch extends CostPlace {
  limit: number
}

const costsBefore = (p: Stretch) =>
  query
    .selectFrom('costs')
    .selectAll()
    .where(({ eb, refTuple, tuple }) => eb(refTuple('at', 'id'), '<', tuple(p.at, p.id)))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(p.limit)
const all = statement((p: Stretch) => costsBefore(p))
const ofWorkflow = statement((p: Stretch & { workflowId: string }) =>
  costsBefore(p).where('workflow_id', '=', p.workflowId),
)

/** Newest first, from below `before`. */
export function listCosts(
  reader: Reader,
  limit: number,
  { workflowId, before = NEWEST }: { workflowId?: string; before?: CostPlace } = {},
): CostRow[] {
  return workflowId === undefined
    ? reader.all(all, { ...before, limit })
    : reader.all(ofWorkflow, { ...before, workflowId, limit })
}
