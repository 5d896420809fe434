/** What a person was told of, and whether it is quiet now. */
import { z } from 'zod'
import { visibleText } from '../../../domain/approval.ts'
import { quietText, quietUntil } from '../../../domain/quiet-hours.ts'
import type { QuietHours } from '../../../domain/quiet-hours.ts'
import { countHeld, listNotifications, notificationBody } from '../../store/notifications.ts'
import type { NotificationBody, NotificationRow } from '../../store/notifications.ts'
import { preferencesOf } from '../../store/settings.ts'
import { automationName, cursorText, pageOf, placeIn } from './common.ts'
import type { AutomationName, Page, PageRequest, ViewSource } from './common.ts'

export interface NotificationView {
  id: string
  kind: NotificationRow['kind']
  automation: AutomationName | null
  runId: string | null
  /** The action that needs the person. */
  actionId: string | null
  title: string
  text: string
  level: NotificationBody['level']
  at: number
}

export interface QuietNow {
  hours: QuietHours | null
  words: string | null
  /** When the quiet of now is over; null while it is not quiet. */
  until: number | null
  held: number
}

export function notificationsPage(source: ViewSource, page: PageRequest): Page<NotificationView> {
  const [before] = placeIn(page, 'notifications', z.string()) ?? []
  return pageOf(
    listNotifications(source.store, page.limit + 1, before),
    page.limit,
    row => notificationView(source, row),
    row => cursorText('notifications', row.id),
  )
}

function notificationView(source: ViewSource, row: NotificationRow): NotificationView {
  const { title, text, level } = notificationBody(source.store, row)
  return {
    id: row.id,
    kind: row.kind,
    automation: row.workflow_id === null ? null : automationName(source, row.workflow_id),
    runId: row.run_id,
    actionId: row.action_id,
    title: visibleText(title),
    text,
    level,
    at: row.delivered_at ?? row.created_at,
  }
}

export function quietNow({ store }: ViewSource): QuietNow {
  const { quietHours: hours } = preferencesOf(store)
  return {
    hours,
    words: hours === null ? null : quietText(hours),
    until: hours === null ? null : quietUntil(hours, store.now()),
    held: countHeld(store),
  }
}
