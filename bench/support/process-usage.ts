/** What another process has used, as the system counts it: exact on Linux, to the second of CPU elsewhere. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'

export interface ProcessUsage {
  cpuMs: number
  rssBytes: number
}

/** Clock ticks of `/proc` are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10

export function usageOf(pid: number): ProcessUsage {
  return process.platform === 'linux' ? usageFromProc(pid) : usageFromPs(pid)
}

function usageFromProc(pid: number): ProcessUsage {
  const stat = fs.readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
  // The second field is the program's name and may hold spaces; what follows it does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const status = fs.readFileSync(`/proc/${String(pid)}/status`, 'utf8')
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rssBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024,
  }
}

function usageFromPs(pid: number): ProcessUsage {
  const [rss = '', time = ''] = execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], {
    encoding: 'utf8',
  })
    .trim()
    .split(/\s+/)
  const seconds = time.split(/[:-]/).reduce((sum, part) => sum * 60 + Number(part), 0)
  return { cpuMs: seconds * 1_000, rssBytes: Number(rss) * 1_024 }
}
