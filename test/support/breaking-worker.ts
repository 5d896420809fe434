/** A sandbox worker that answers every run at once, and breaks while it is given one that says so. */
import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from '../../src/sandbox/protocol.ts'

const port = parentPort
const publish = (message: FromWorker) => port?.postMessage(message)

port?.on('message', (message: ToWorker) => {
  if (message.kind !== 'start') return
  if (message.run.source.includes('BREAK')) throw new Error('it broke')
  const { instance } = message.run
  publish({ kind: 'idle', instance, calls: [], closes: [], unconsumed: [], cpuMs: 0, memory: 0, end: null })
})
publish({ kind: 'ready' })
