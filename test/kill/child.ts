/**
 * The core that is killed: the whole of it on a folder, told by its parent how to end, ended by itself at a named
 * point. Every point it comes by is written, one byte each, to descriptor 3 before anything else can happen: what is
 * there when the process is gone was really reached. Events, answers and signals come to it through its API, as
 * anyone's do; what it is told here is only its own life and death.
 */
import fs from 'node:fs'
import module from 'node:module'
import type { Core } from '../../src/main/core.ts'
import type { FaultPoint } from '../../src/main/engine/context.ts'

/** When the process ends itself: at the nth hit of a point, at the nth of all hits, or not. */
export type Kill = { at: FaultPoint | 'any'; nth: number } | null

export type ToChild =
  | { id: number; do: 'start'; home: string; kill: Kill }
  | { id: number; do: 'arm'; kill: Kill }
  | { id: number; do: 'standing' }
  | { id: number; do: 'stop' }

export interface Started {
  url: string
  token: string
}

export type FromChild = { ready: true } | { id: number; value: unknown } | { id: number; error: string }

const HITS = 3

module.enableCompileCache()
const { createCore } = await import('../../src/main/core.ts')
const { FAULT_POINTS } = await import('../../src/main/engine/context.ts')
const { standingOf } = await import('./standing.ts')
module.flushCompileCache()

let core: Core | undefined
let kill: Kill = null

function reached(point: FaultPoint): void {
  fs.writeSync(HITS, Buffer.of(FAULT_POINTS.indexOf(point)))
  if (kill === null || (kill.at !== 'any' && kill.at !== point)) return
  if (--kill.nth > 0) return
  process.kill(process.pid, 'SIGKILL')
}

async function obey(message: ToChild): Promise<unknown> {
  if (message.do === 'start') {
    kill = message.kill
    core = await createCore({ home: message.home, port: 0, workers: 1, fault: reached })
    return { url: core.url, token: core.token } satisfies Started
  }
  if (message.do === 'arm') {
    kill = message.kill
    return null
  }
  if (core === undefined) throw new Error('The core was not started.')
  return message.do === 'stop' ? core.close() : standingOf(core.store)
}

process.on('message', raw => {
  const message = raw as ToChild
  obey(message).then(
    value => {
      process.send?.({ id: message.id, value: value ?? null } satisfies FromChild)
    },
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error)
      process.send?.({ id: message.id, error: text } satisfies FromChild)
    },
  )
})
// Its tester is gone: there is nobody to tell, and nothing to stay for.
process.on('error', () => process.exit(0))
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true } satisfies FromChild)
