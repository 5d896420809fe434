/** Holds answers against the document that the core itself serves: a key or a state that is not in it is a defect. */
import { z } from 'zod'
import type { Answer, Call } from './api.ts'

type Part = Record<string, unknown>
export type Send = (call: Call) => Promise<Answer>

const parts = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ responses: z.record(z.string(), z.looseObject({})) })),
  ),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
})
export type ApiParts = z.output<typeof parts>

export class ApiDocument {
  readonly parts: ApiParts
  readonly #schemas = new Map<string, z.ZodType>()
  readonly #places: { pattern: RegExp; place: string }[]

  constructor(document: unknown) {
    this.parts = parts.parse(document)
    // What is written out comes before what a parameter stands for.
    this.#places = Object.keys(this.parts.paths)
      .sort((a, b) => a.split('{').length - b.split('{').length)
      .map(place => ({ pattern: new RegExp(`^${place.replace(/\{\w+\}/g, '[^/]+')}$`), place }))
  }

  /** What is wrong with this answer; null where it is as the document says, or to no operation of it. */
  complaint(call: Call, answer: Answer): string | null {
    if (call.method === 'HEAD') return null
    if (answer.headers['content-type'] === 'application/problem+json')
      return this.#misfit('Problem', answer.json)
    // Node itself answers what is not HTTP.
    return answer.status < 400 ? this.#complaintOf(call, answer) : null
  }

  #complaintOf({ method = 'GET', path }: Call, answer: Answer): string | null {
    const bare = path.split('?')[0] ?? ''
    const place = this.#places.find(({ pattern }) => pattern.test(bare))?.place
    const operation = this.parts.paths[place ?? '']?.[method.toLowerCase()]
    if (operation === undefined) return null
    const response = operation.responses[String(answer.status)]
    if (response === undefined) return `${method} ${path} is not said to answer with ${String(answer.status)}`
    const name = schemaName(response)
    return name === undefined ? null : this.#misfit(name, answer.json)
  }

  #misfit(name: string, value: unknown): string | null {
    const read = this.#schema(name).safeParse(value)
    return read.success ? null : `${name}: ${z.prettifyError(read.error)}`
  }

  #schema(name: string): z.ZodType {
    const known = this.#schemas.get(name)
    if (known !== undefined) return known
    const $defs = JSON.parse(
      JSON.stringify(this.parts.components.schemas).replaceAll('#/components/schemas/', '#/$defs/'),
    ) as Record<string, Part>
    const schema = z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs })
    this.#schemas.set(name, schema)
    return schema
  }
}

function schemaName(response: Part): string | undefined {
  const content = response['content'] as Record<string, { schema: { $ref?: string } }> | undefined
  return content?.['application/json']?.schema.$ref?.split('/').at(-1)
}

/** Sends as before, and throws where an answer is not as the document says. */
export function checked(send: Send): Send {
  let document: Promise<ApiDocument> | undefined
  return async call => {
    const answer = await send(call)
    document ??= send({ path: '/api/v1/openapi.json' }).then(({ json }) => new ApiDocument(json))
    const complaint = (await document).complaint(call, answer)
    if (complaint !== null) throw new Error(`${call.method ?? 'GET'} ${call.path}: ${complaint}`)
    return answer
  }
}
