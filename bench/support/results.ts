/**
 * What was measured, kept in `results/latest.json`: the last result of each measure, with when and on what. A measure
 * that is run alone replaces its own result; another machine, or another Node, starts anew.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Summary } from './figure.ts'

export interface Machine {
  node: string
  platform: string
  cpus: number
  cpu: string
  memoryGb: number
}

export interface Result {
  name: string
  title: string
  at: string
  /** Load average of the last minute, before and after: other work on the machine makes every number worse. */
  load: [number, number]
  rounds: number
  figures: Summary[]
  error?: string
}

export interface Results {
  machine: Machine
  results: Result[]
}

const LATEST = path.join(import.meta.dirname, '../results/latest.json')

export function thisMachine(): Machine {
  return {
    node: process.version,
    platform: `${process.platform} ${os.release()} ${process.arch}`,
    cpus: os.availableParallelism(),
    cpu: os.cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
  }
}

export function machineText(machine: Machine): string {
  const { node, platform, cpus, cpu, memoryGb } = machine
  return `Node ${node}, ${platform}, ${String(cpus)} × ${cpu}, ${String(memoryGb)} GB`
}

/** Null where nothing was measured yet. */
export function latestResults(): Results | null {
  if (!fs.existsSync(LATEST)) return null
  return JSON.parse(fs.readFileSync(LATEST, 'utf8')) as Results
}

export function keepResult(result: Result): void {
  const machine = thisMachine()
  const latest = latestResults()
  const isSame = latest !== null && machineText(latest.machine) === machineText(machine)
  const others = isSame ? latest.results.filter(({ name }) => name !== result.name) : []
  const results = [...others, result].sort((a, b) => a.name.localeCompare(b.name))
  fs.mkdirSync(path.dirname(LATEST), { recursive: true })
  fs.writeFileSync(LATEST, `${JSON.stringify({ machine, results } satisfies Results, null, 2)}\n`)
}
