/** The schemas of what is answered about Steward itself: health, costs, settings, tools, the audit log, backups. */
import { z } from 'zod'
import type { AuditVerdict } from '../../../domain/audit.ts'
import { LOG_LEVELS } from '../../../domain/log.ts'
import { MODEL_ROLES } from '../../../domain/model.ts'
import type { AuditView } from '../../engine/views/audit.ts'
import type { CostsSummary, CostView } from '../../engine/views/costs.ts'
import type { Health } from '../../engine/views/doctor.ts'
import type { NotificationView, QuietNow } from '../../engine/views/notifications.ts'
import type { RoleView } from '../../engine/views/models.ts'
import type { HealthNow } from '../../engine/views/health.ts'
import type { BackedUp } from '../../store/backup.ts'
import { logLine } from '../../store/log/read-log.ts'
import type { PriceEntry } from '../../store/prices.ts'
import type { Preferences } from '../../store/settings.ts'
import type { Problem } from '../problem.ts'
import {
  absence,
  automationName,
  count,
  failure,
  json,
  listOf,
  maybe,
  pageOf,
  shape,
  text,
  time,
} from './shape.ts'

const diagnosis = {
  ok: z.boolean(),
  folder: text,
  checks: z.array(z.object({ name: text, ok: z.boolean(), message: text })),
}
const cost = shape<CostView>()(
  z.object({
    id: text,
    automation: maybe(automationName),
    runId: maybe(text),
    stepId: maybe(text),
    taskId: maybe(text),
    purpose: z.enum(['build', 'repair', 'run']),
    tool: text,
    connection: maybe(text),
    model: maybe(text),
    micros: z.int().describe('Micro-dollars'),
    tokens: z.object({ input: count, cached: count, output: count, reasoning: count }),
    isEstimate: z.boolean(),
    state: z.enum(['reserved', 'spent']).describe('reserved: the most it can cost'),
    at: time,
  }),
)
const sums = z.array(z.object({ key: text, micros: z.int(), entries: count }))
const audit = shape<AuditView>()(
  z.object({
    seq: count,
    at: time,
    kind: text,
    automation: maybe(automationName),
    runId: maybe(text),
    body: json,
  }),
)

const price = shape<PriceEntry>()(
  z.object({ model: text, input: count, cachedInput: count, output: count, setAt: time }),
)
const roleModel = maybe(z.object({ connection: maybe(text), model: text }))
const quietHours = z.object({ from: text, to: text, zone: text, days: maybe(z.array(count)) })
const notification = shape<NotificationView>()(
  z.object({
    id: text,
    kind: z.enum(['needs-you', 'told', 'first-success', 'digest']),
    automation: maybe(automationName),
    runId: maybe(text),
    actionId: maybe(text),
    title: text,
    text,
    level: z.enum(['info', 'warning']),
    at: time,
  }),
)

export const stewardAnswers = {
  Problem: shape<Problem>()(
    z.object({ type: text, title: text, status: count, detail: text, failure: failure.optional() }),
  ),
  ApiDocument: z.looseObject({ openapi: z.literal('3.1.0') }),
  Alive: z.object({ ok: z.literal(true), version: text }),
  Health: shape<HealthNow>()(
    z.object({
      ...diagnosis,
      isStopped: z.boolean(),
      queue: z.object({ waitingEvents: count, running: count, waiting: count }),
      database: z.object({ bytes: count, logBytes: count }),
      disk: z.object({ freeBytes: count }),
      sandbox: z.object({ threads: count, scripts: count, queued: count }),
      clock: z.object({ now: time, newestRunAt: maybe(time) }),
      lastBackupAt: maybe(time),
      model: z.object({ state: z.enum(['connected', 'none', 'failing']) }),
      absence: maybe(absence),
    }),
  ),
  AbsencePage: pageOf(absence),
  Diagnosis: shape<Health>()(z.object(diagnosis)),
  CostPage: pageOf(cost),
  CostsSummary: shape<CostsSummary>()(
    z.object({
      since: time,
      until: time,
      micros: z.int(),
      entries: count,
      byPurpose: sums,
      byAutomation: sums,
      byTool: sums,
      byModel: sums,
      byConnection: sums,
      byDay: sums,
    }),
  ),
  ModelRoles: shape<{ roles: RoleView[] }>()(
    z.object({
      roles: z.array(
        z.object({
          role: z.enum(MODEL_ROLES),
          serving: maybe(
            z.object({
              connection: text,
              provider: text,
              model: text,
              price: maybe(
                z.object({ input: count, cachedInput: count, output: count, isEstimate: z.boolean() }),
              ),
            }),
          ),
          isChosen: z.boolean(),
        }),
      ),
    }),
  ),
  ModelServers: listOf(z.object({ name: text, url: text, models: z.array(text) })),
  Price: price,
  PricePage: pageOf(price),
  ForgottenPrice: z.object({ model: text }),
  Settings: shape<Preferences>()(
    z.object({
      keepRunsDays: count,
      logLevel: z.enum(LOG_LEVELS),
      tracesTo: maybe(text),
      tellHosts: z.boolean(),
      quietHours: maybe(quietHours),
      models: z.object({ planner: roleModel, maintainer: roleModel, small: roleModel, images: roleModel }),
      spending: z.object({ perTaskMicros: count, perDayMicros: count, perMonthMicros: count }),
    }),
  ),
  NotificationPage: pageOf(notification),
  Quiet: shape<QuietNow>()(
    z.object({ hours: maybe(quietHours), words: maybe(text), until: maybe(time), held: count }),
  ),
  LogPage: pageOf(logLine),
  Metrics: text.describe('The exposition format of Prometheus, 0.0.4'),
  Stopped: z.object({ paused: count }),
  Resumed: z.object({ resumed: count }),
  AuditPage: pageOf(audit),
  AuditVerdict: shape<AuditVerdict>()(
    z.union([
      z.object({ ok: z.literal(true), rows: count }),
      z.object({ ok: z.literal(false), problem: text, seq: count, message: text }),
    ]),
  ),
  Erased: z.object({ erased: count }),
  Backup: shape<BackedUp>()(z.object({ file: text, bytes: count, keys: text })),
  ToolList: listOf(
    z.object({
      name: text,
      module: text,
      title: text,
      effect: z.enum(['read', 'write', 'local', 'model', 'by-call']),
    }),
  ),
  ToolDeclaration: z.object({ module: text, text }),
}
