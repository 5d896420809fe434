/** Looks for servers of models where they usually are on this machine. Asks for the list of their models, no more. */
import { z } from 'zod'
import { isFailureError } from '../../domain/failure.ts'
import type { FindModelServers, ModelServer } from '../../domain/model-servers.ts'

/** The guarded client, as far as this needs it. */
interface Client {
  request(request: {
    url: string
    allowHost: (host: string) => boolean
    mayVisit: () => boolean
    followRedirects: boolean
    timeoutMs: number
    maxBytes: number
    despiteHealth: boolean
  }): Promise<{ body: Uint8Array }>
}

export interface Place {
  readonly name: string
  readonly url: string
}

const USUAL: readonly Place[] = [
  { name: 'Ollama', url: 'http://127.0.0.1:11434/v1' },
  { name: 'LM Studio', url: 'http://127.0.0.1:1234/v1' },
]
const TIMEOUT_MS = 2_000
const LARGEST_LIST = 1_048_576
const MOST_MODELS = 200

const listSchema = z.object({ data: z.array(z.object({ id: z.string().max(200) })) })

export function finderOf(client: Client, places: readonly Place[] = USUAL): FindModelServers {
  return async () => {
    const found = await Promise.all(places.map(place => look(client, place)))
    return found.filter(server => server !== null)
  }
}

/** Null where nobody answers, or somebody else does. */
async function look(client: Client, { name, url }: Place): Promise<ModelServer | null> {
  const { host } = new URL(url)
  try {
    const { body } = await client.request({
      url: `${url}/models`,
      allowHost: asked => asked === host,
      mayVisit: () => false,
      followRedirects: false,
      timeoutMs: TIMEOUT_MS,
      maxBytes: LARGEST_LIST,
      despiteHealth: true,
    })
    const { data } = listSchema.parse(JSON.parse(Buffer.from(body).toString('utf8')))
    return { name, url, models: data.slice(0, MOST_MODELS).map(({ id }) => id) }
  } catch (error) {
    if (isFailureError(error) || error instanceof SyntaxError || error instanceof z.ZodError) return null
    throw error
  }
}
