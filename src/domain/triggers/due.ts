/** What the triggers that time starts have in common: the event of a due instant. */
import { z } from 'zod'

export const duePayload = z.strictObject({
  dueAt: z.int().describe('The instant that was due, UTC ms.'),
  kind: z.enum(['ran', 'caught-up']).describe('caught-up: it was missed, and made up for later.'),
  merged: z.int().min(0).describe('How many other due instants this event serves.'),
})
export type DuePayload = z.output<typeof duePayload>

export function dueKey({ dueAt }: DuePayload): string {
  return String(dueAt)
}
