/** The target process as a measure sees it. */
import { startPeer } from './peer.ts'
import type { Peer } from './peer.ts'
import type { TargetQuestion } from './target.ts'

export class Site {
  readonly host: string
  readonly #peer: Peer<TargetQuestion, number>

  constructor(peer: Peer<TargetQuestion, number>, port: number) {
    this.#peer = peer
    this.host = `127.0.0.1:${String(port)}`
  }

  url(path: string): string {
    return `http://${this.host}${path}`
  }

  /** When the path was first asked for; waits until it was. */
  seen(path: string): Promise<number> {
    return this.#peer.ask({ is: 'seen', path })
  }

  /** When the next request comes in. */
  next(): Promise<number> {
    return this.#peer.ask({ is: 'next' })
  }

  count(): Promise<number> {
    return this.#peer.ask({ is: 'count' })
  }

  close(): Promise<void> {
    return this.#peer.close()
  }
}

export async function startSite(): Promise<Site> {
  const peer = startPeer<TargetQuestion, number>(new URL('./target.ts', import.meta.url))
  return new Site(peer, await peer.ask({ is: 'port' }))
}
