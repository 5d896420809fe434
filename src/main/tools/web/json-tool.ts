/** `web.json`: JSON from an address, at a polite pace and in any character set. */
import { z } from 'zod'
import { fail } from '../../../domain/failure.ts'
import type { Json } from '../../../domain/json.ts'
import { parseJson } from '../../../domain/parse-json.ts'
import { defineTool, type ToolContext, type ToolDeclaration } from '../../../domain/tool.ts'
import { jsonValue } from '../json-value.ts'
import { decodeText } from './charset.ts'
import { addressed, placeName, reading, urlInput } from './input.ts'
import type { Wanted, WebReader } from './reader.ts'

const JSON_CONTENT: Wanted = {
  what: 'JSON',
  accept: 'application/json, */*;q=0.1',
  fits: type =>
    /^([\w.+-]+\/([\w.+-]+\+)?json|text\/(plain|javascript)|application\/(javascript|octet-stream))$/.test(
      type,
    ),
}

const input = z.strictObject({ url: urlInput, ...reading })
type Input = z.output<typeof input>
const output = z.strictObject({ url: z.string().describe('The address that answered.'), value: jsonValue })
type Output = z.output<typeof output>

export function jsonTool(reader: WebReader): ToolDeclaration {
  return defineTool<Input, Output>({
    ...addressed,
    name: 'web.json',
    title: 'Read JSON from an address',
    doc: 'Reads an address and gives its JSON. What is no JSON fails as bad-response. Whole numbers beyond 2^53 come as text, so that none is rounded. Asks politely: as robots.txt allows, no host too often, and only for what changed since it was last asked. For headers of your own use http.get.',
    input,
    output,
    positional: ['url'],
    run: (given, context) => read(reader, given, context),
    describe: ({ url }) => `Read JSON from ${placeName(url)}`,
  })
}

async function read(reader: WebReader, given: Input, context: ToolContext): Promise<Output> {
  const { body, type, url } = await reader.content(
    { ...given, tool: 'web.json', wanted: JSON_CONTENT },
    context,
  )
  return { url, value: valueOf(decodeText(body, type).text, url) }
}

/** Some services put a guard against inclusion as a script in front of their JSON. */
function valueOf(text: string, url: string): Json {
  try {
    return parseJson(text.replace(/^\s*\)\]\}',?\s*/, ''))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const host = new URL(url).host
    return fail({
      kind: 'bad-response',
      host,
      message: `What ${host} sent was not valid JSON. Nothing of it was used.`,
      detail: { reason: 'answer', host },
    })
  }
}
