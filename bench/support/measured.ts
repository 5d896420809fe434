/**
 * One measure, run in a process and with a folder for temporary files of its own, for a limited time. Whatever becomes
 * of it, its processes end and its folder goes.
 */
import { fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Figure } from './figure.ts'

const CHILD = path.join(import.meta.dirname, '../child.ts')
const USUAL_ROUNDS = 3
/** No measure takes this long with the usual rounds; one that hangs does not hold up the others. */
const LONGEST_MS = 180_000
const INTERRUPTED = 130

export async function figuresOf(file: string, rounds: number): Promise<Figure[]> {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'steward-bench-'))
  const remove = () => {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  process.once('exit', remove)
  try {
    return await figuresFrom(folder, file, rounds)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

function figuresFrom(folder: string, file: string, rounds: number): Promise<Figure[]> {
  const child = fork(CHILD, [file, String(rounds)], {
    env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder },
  })
  let given: Figure[] | null = null
  let stopped: 'late' | 'interrupted' | null = null
  const stop = (reason: 'late' | 'interrupted') => {
    stopped = reason
    child.kill('SIGTERM')
  }
  const interrupt = () => {
    stop('interrupted')
  }
  const longestMs = LONGEST_MS * Math.max(1, rounds / USUAL_ROUNDS)
  const timer = setTimeout(stop, longestMs, 'late')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt)
  child.once('message', message => {
    given = message as unknown as Figure[]
    child.disconnect()
  })
  return new Promise((resolve, reject) => {
    child.once('exit', code => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt)
      if (stopped === 'interrupted') process.exit(INTERRUPTED)
      if (given !== null) resolve(given)
      else if (stopped === 'late') reject(new Error(`it was ended after ${String(longestMs / 1_000)} s`))
      else reject(new Error(`it ended with ${String(code)} before it had a figure`))
    })
  })
}
