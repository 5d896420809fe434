/**
 * The site that scripts talk to: a process of its own on loopback with the smallest answers. `/slow/MS/…` answers
 * after that long, `/hang/…` never. Remembers when it first saw each path.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent, monotonicMs } from './peer.ts'

export type TargetQuestion =
  | { is: 'port' }
  /** When the path was first asked for; waits until it was. */
  | { is: 'seen'; path: string }
  /** How many requests came so far. */
  | { is: 'count' }
  /** When the first request after now comes in. */
  | { is: 'next' }

const ANSWER = '{}'

const seen = new Map<string, number>()
const waiting = new Map<string, (at: number) => void>()
let next: ((at: number) => void)[] = []
let count = 0

const server = http.createServer((request, response) => {
  const at = monotonicMs()
  const path = request.url ?? ''
  count++
  if (!seen.has(path)) seen.set(path, at)
  waiting.get(path)?.(at)
  for (const take of next) take(at)
  next = []
  request.resume()
  const [, kind, value] = path.split('/')
  if (kind === 'hang') return
  const answer = () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length })
    response.end(ANSWER)
  }
  if (kind === 'slow') setTimeout(answer, Number(value))
  else answer()
})
server.keepAliveTimeout = 600_000

const listening = new Promise<number>(resolve => {
  server.listen(0, '127.0.0.1', () => {
    resolve((server.address() as AddressInfo).port)
  })
})

answerParent<TargetQuestion, number>(question => {
  switch (question.is) {
    case 'port':
      return listening
    case 'count':
      return count
    case 'next':
      return new Promise(resolve => next.push(resolve))
    case 'seen':
      return (
        seen.get(question.path) ??
        new Promise(resolve => {
          waiting.set(question.path, resolve)
        })
      )
  }
})
