/** The connection that a request came on: what is cut off ends with it. */
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

/** Ends it without an end of the answer, so that nobody takes the answer for whole. */
export function cutOff(c: Context): void {
  const { outgoing } = c.env as Partial<HttpBindings>
  outgoing?.destroy()
}
