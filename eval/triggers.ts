/** What is true of when something should happen: compared by the instants it comes to, not by how it is written. */
import { Cron } from 'croner'
import type { Trigger } from '../src/domain/contract.ts'

export interface TriggerTruth {
  text: string
  fits(trigger: Trigger, zone: string): boolean
}

export const ZONE = 'Europe/Berlin'

/** Across a change of the clocks, a turn of a month, and many weeks. */
const SEEN_FROM = new Date('2026-02-20T00:00:00Z')
const SEEN = 40

/** At the same instants as this expression in the person's zone. */
export function at(expression: string): TriggerTruth {
  const wanted = instantsOf(expression, ZONE)
  return {
    text: `at “${expression}”`,
    fits: (trigger, zone) =>
      trigger.kind === 'cron' && instantsOf(trigger.expression, trigger.zone ?? zone) === wanted,
  }
}

export function every(ms: number): TriggerTruth {
  return {
    text: `every ${String(ms / 60_000)} minutes`,
    fits: trigger => trigger.kind === 'interval' && trigger.everyMs === ms,
  }
}

export const HOURLY = [every(3_600_000), at('0 * * * *')]

/** Where nobody said how often. */
export const NOW_AND_THEN: TriggerTruth = {
  text: 'every now and then',
  fits: ({ kind }) => kind === 'interval' || kind === 'cron',
}

/** By hand only, or nothing that starts it by itself. */
export const BY_HAND: TriggerTruth = { text: 'by hand', fits: ({ kind }) => kind === 'manual' }

export function whenFiles(folder: string): TriggerTruth {
  return {
    text: `when files come into ${folder}`,
    fits: trigger => trigger.kind === 'files' && trigger.folder === folder && trigger.on.includes('created'),
  }
}

export function whenFeed(url: string): TriggerTruth {
  return {
    text: `when the feed ${url} has something new`,
    fits: trigger => trigger.kind === 'feed' && trigger.url === url,
  }
}

export function whenPage(url: string): TriggerTruth {
  return {
    text: `when the page ${url} changes`,
    fits: trigger => trigger.kind === 'page' && trigger.url === url,
  }
}

export function whenPosted(): TriggerTruth {
  return { text: 'when something is posted to it', fits: ({ kind }) => kind === 'webhook' }
}

export function onceAt(local: string): TriggerTruth {
  return {
    text: `once, at ${local}`,
    fits: trigger => trigger.kind === 'once' && trigger.local.slice(0, 16) === local,
  }
}

function instantsOf(expression: string, zone: string): string {
  try {
    return new Cron(expression, { timezone: zone, paused: true })
      .nextRuns(SEEN, SEEN_FROM)
      .map(date => date.getTime())
      .join()
  } catch (error) {
    return `no schedule: ${String(error)}`
  }
}
