/** The audit log as people read it: what was decided, about which run, without what is named as a secret (P5). */
import { z } from 'zod'
import type { Json } from '../../../domain/json.ts'
import { listAudit } from '../../store/lists.ts'
import type { Row } from '../../store/schema.ts'
import { automationName, cursorText, pageOf, placeIn, shownOutput } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface AuditView {
  seq: number
  at: number
  kind: string
  automation: AutomationName | null
  runId: string | null
  body: Json
}

export function auditPage(
  source: ViewSource,
  filter: PageRequest & { runId?: string | undefined },
): Page<AuditView> {
  const [before] = placeIn(filter, 'audit', z.int()) ?? []
  const { runId, limit } = filter
  return pageOf(
    listAudit(source.store, limit + 1, {
      ...(runId === undefined ? {} : { runId }),
      ...(before === undefined ? {} : { before }),
    }),
    limit,
    row => auditView(source, row),
    row => cursorText('audit', row.seq),
  )
}

export function auditView(source: ViewSource, row: Row<'audit_log'>): AuditView {
  return {
    seq: row.seq,
    at: row.at,
    kind: row.kind,
    automation: row.workflow_id === null ? null : automationName(source, row.workflow_id),
    runId: row.run_id,
    body: shownOutput(JSON.parse(row.body) as Json),
  }
}
