/** Servers on this machine for tests: one that speaks HTTP and remembers what it was asked, one that speaks bytes. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'

export interface SeenRequest {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface LoopbackServer {
  port: number
  /** As a contract names it. */
  host: string
  url(path?: string): string
  /** Complete requests, in order. */
  seen: SeenRequest[]
  /** Connections accepted so far. */
  connections(): number
  close(): Promise<void>
}

export type Answer = (request: SeenRequest, response: ServerResponse, incoming: IncomingMessage) => void

export async function serveHttp(answer: Answer): Promise<LoopbackServer> {
  const seen: SeenRequest[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      const request = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') }
      seen.push(request)
      answer(request, response, incoming)
    })
  })
  return listening(server, seen, () => server.closeAllConnections())
}

/** Calls back with each connection and the first bytes it sent, as they came. */
export async function serveBytes(answer: (socket: Socket, first: Buffer) => void): Promise<LoopbackServer> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    // The other side leaves in the middle of many of these conversations; that is what is being tested.
    socket.on('error', () => sockets.delete(socket))
    socket.once('data', data => answer(socket, data))
  })
  return listening(server, [], () => {
    for (const socket of sockets) socket.destroy()
  })
}

async function listening(server: Server, seen: SeenRequest[], drop: () => void): Promise<LoopbackServer> {
  let accepted = 0
  server.on('connection', () => (accepted += 1))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = `127.0.0.1:${port}`
  const close = async (): Promise<void> => {
    drop()
    await new Promise<void>(resolve => server.close(() => resolve()))
  }
  return {
    port,
    host,
    url: (path = '/') => `http://${host}${path}`,
    seen,
    connections: () => accepted,
    close,
  }
}

/** A port where nothing listens: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = await serveBytes(socket => socket.destroy())
  await server.close()
  return server.port
}
