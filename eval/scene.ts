/** Where tries take place: two sites on loopback, and a folder of fixtures for each try. */
import fs from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import type { FixtureFile, FixturePage, FileContent, Intent, Place, Situated } from './intent.ts'

const DAY_MS = 86_400_000

export class Scene {
  readonly #servers: readonly [Server, Server]
  readonly #pages = new Map<string, FixturePage>()
  /** Everything that was asked for, as method and address. */
  readonly seen: string[] = []

  private constructor() {
    const answering = () =>
      createServer((request, response) => {
        const address = request.url ?? '/'
        this.seen.push(`${request.method ?? ''} ${request.headers.host ?? ''}${address}`)
        const page = this.#pages.get(address.split('?', 1)[0] ?? '')
        response.writeHead(page?.status ?? (page === undefined ? 404 : 200), {
          'content-type': page?.type ?? typeOf(address),
        })
        response.end(page?.body ?? 'not found')
      })
    this.#servers = [answering(), answering()]
  }

  static async open(): Promise<Scene> {
    const scene = new Scene()
    for (const server of scene.#servers)
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return scene
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }

  /** `folder` is made, and is the person's own of this try. */
  async place(intent: Intent, folder: string): Promise<Situated> {
    fs.mkdirSync(folder, { recursive: true })
    const dir = fs.realpathSync(folder)
    const [host, other] = this.#servers.map(
      server => `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    ) as [string, string]
    const within = (name: string) => `/${intent.id}/${path.basename(dir)}/${name}`
    const place: Place = {
      dir,
      host,
      other,
      url: name => `http://${host}${within(name)}`,
      otherUrl: name => `http://${other}${within(name)}`,
      now: Date.now(),
    }
    const situation = intent.set(place)
    for (const [name, page] of Object.entries(situation.pages ?? {}))
      this.#pages.set(within(name), typeof page === 'string' ? { body: page } : page)
    for (const [name, file] of Object.entries(situation.files ?? {}))
      await putFile(path.join(dir, name), name.endsWith('/'), asFile(file))
    return { intent, place, situation }
  }
}

async function putFile(full: string, isFolder: boolean, { content, daysOld }: FixtureFile): Promise<void> {
  fs.mkdirSync(isFolder ? full : path.dirname(full), { recursive: true })
  if (isFolder) return
  fs.writeFileSync(full, typeof content === 'string' ? content : await content())
  // Whoever watches the folder takes a file for whole only once it has been at rest.
  const then = new Date(Date.now() - (daysOld ?? 0.1) * DAY_MS)
  fs.utimesSync(full, then, then)
}

function asFile(file: FileContent | FixtureFile): FixtureFile {
  return typeof file === 'object' ? file : { content: file }
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  xml: 'application/rss+xml; charset=utf-8',
  ics: 'text/calendar; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  mp3: 'audio/mpeg',
  pdf: 'application/pdf',
}

function typeOf(address: string): string {
  const ending = /\.([a-z0-9]+)(?:\?|$)/.exec(address)?.[1] ?? ''
  return TYPES[ending] ?? 'text/plain; charset=utf-8'
}
