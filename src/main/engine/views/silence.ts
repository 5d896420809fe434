/** The account of silence (O3): when nobody looked and what became of it; what was looked at last, and what was there. */
import { z } from 'zod'
import { triggerLine } from '../../../domain/contract-text.ts'
import { fatesWithin, listAbsences } from '../../store/absences.ts'
import type { AbsenceRow } from '../../store/absences.ts'
import { failureOfWatch, specOfWatch, watchesOf } from '../../store/watches.ts'
import { cursorText, pageOf, placeIn } from './common.ts'
import type { Page, PageRequest, ViewSource } from './common.ts'

export interface AbsenceView {
  from: number
  to: number
  why: AbsenceRow['why']
  /** Due times that fell into it, by what became of them. */
  ran: number
  caughtUp: number
  /** Served by the run that caught up for another. */
  merged: number
  skipped: number
}

export interface WatchView {
  when: string
  /** How many things were there when the line was drawn; null before that. */
  baseline: number | null
  lookedAt: number | null
  saw: number | null
  /** When something new was last found, and how much in all. */
  foundAt: number | null
  found: number
  nextLook: number
  /** Why nothing can be seen, and since when. */
  failing: { since: number; times: number; message: string } | null
}

export function absencesPage(source: ViewSource, page: PageRequest): Page<AbsenceView> {
  const [before] = placeIn(page, 'absences', z.int()) ?? []
  return pageOf(
    listAbsences(source.store, page.limit + 1, before),
    page.limit,
    row => absenceView(source, row),
    row => cursorText('absences', row.from_at),
  )
}

/** The last one, and what it meant: for all automations, or for one. */
export function lastAbsence(source: Pick<ViewSource, 'store'>, workflowId?: string): AbsenceView | null {
  const [row] = listAbsences(source.store, 1)
  return row === undefined ? null : absenceView(source, row, workflowId)
}

function absenceView(
  { store }: Pick<ViewSource, 'store'>,
  row: AbsenceRow,
  workflowId?: string,
): AbsenceView {
  const { ran, merged, skipped, 'caught-up': caughtUp } = fatesWithin(store, row, workflowId)
  return { from: row.from_at, to: row.to_at, why: row.why, ran, caughtUp, merged, skipped }
}

/** In words, with the times of this machine's zone. */
export function absenceText(absence: AbsenceView): string {
  const { from, to, why, caughtUp, merged, skipped } = absence
  const who = why === 'off' ? 'Steward was off' : 'The computer was asleep, or its clock was moved,'
  return `${who} from ${shown(from)} to ${shown(to)}; ${fatesText(caughtUp, merged, skipped)}.`
}

function fatesText(caughtUp: number, merged: number, skipped: number): string {
  if (caughtUp + merged + skipped === 0) return 'nothing was due meanwhile'
  const made = caughtUp + merged
  const runs = merged === 0 ? '' : ` by ${counted(caughtUp, 'run')}`
  return `${counted(made, 'due time')} ${were(made)} caught up${runs}, ${skipped} ${were(skipped)} let go`
}

function were(count: number): string {
  return count === 1 ? 'was' : 'were'
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function shown(at: number): string {
  return new Date(at).toLocaleString('sv-SE').slice(0, 16)
}

export function watchViews({ store }: ViewSource, workflowId: string, zone: string): WatchView[] {
  return watchesOf(store, workflowId).map(row => {
    const message = failureOfWatch(store, row)
    return {
      when: triggerLine(specOfWatch(row), zone),
      baseline: row.baseline,
      lookedAt: row.looked_at,
      saw: row.saw,
      foundAt: row.found_at,
      found: row.found,
      nextLook: row.next_look,
      failing:
        message === null || row.failed_since === null
          ? null
          : { since: row.failed_since, times: row.failures, message },
    }
  })
}
