import { readFile, writeFile } from 'node:fs/promises'
import { parse } from 'acorn'
import * as prettier from 'prettier'
import { afterAll, describe, expect, it } from 'vitest'
import { archiveTools } from './archive.ts'
import { calendarTools } from './calendar.ts'
import { createCompute } from './compute/pool.ts'
import { feedsTools } from './feeds.ts'
import { filesTools } from './files.ts'
import { flowTools } from './flow.ts'
import { httpTools } from './http.ts'
import { imagesTools } from './images.ts'
import { llmTools } from './llm.ts'
import { logTools } from './log.ts'
import { createHttpClient } from './network/client.ts'
import { notesTools } from './notes.ts'
import { notifyTools } from './notify.ts'
import { pagesTools } from './pages.ts'
import { pdfTools } from './pdf.ts'
import { createRegistry } from './registry.ts'
import { stateTools } from './state.ts'
import { tablesTools } from './tables.ts'
import { textTools } from './text.ts'
import { WebReader, webTools } from './web.ts'
import { complaints, complaintsAbout } from '../../../test/support/check-script-types.ts'

const compute = createCompute()
const client = createHttpClient({ now: () => 0 })
afterAll(() => Promise.all([compute.close(), client.close()]))
const reader = new WebReader({ client, compute })
const registry = createRegistry([
  ...archiveTools(),
  ...calendarTools({ client, compute }),
  ...feedsTools(reader),
  ...filesTools(),
  ...flowTools(),
  ...httpTools(client),
  ...imagesTools(compute),
  ...llmTools(),
  ...logTools(),
  ...notesTools(),
  ...notifyTools(),
  ...pagesTools(reader),
  ...pdfTools(compute),
  ...stateTools(),
  ...tablesTools(compute),
  ...textTools(compute),
  ...webTools({ reader, searchProvider: () => Promise.resolve(null) }),
])

const page = new URL('../../../docs/reference-tools.md', import.meta.url)

describe('every tool there is', () => {
  it('is in docs/reference-tools.md as it is declared', async () => {
    const style = await prettier.resolveConfig(page)
    const declared = await prettier.format(registry.docsPage(), { ...style, parser: 'markdown' })
    if (process.env['UPDATE'] === '1') await writeFile(page, declared)
    const written = await readFile(page, 'utf8')
    expect(written, 'write it anew with UPDATE=1 npx vitest run src/main/tools/reference').toBe(declared)
  })

  it('belongs to a module that parses, and to declarations that compile together', () => {
    for (const family of registry.families()) {
      const source = registry.moduleSource(`tools/${family}`) ?? ''
      expect(() => parse(source, { ecmaVersion: 2024, sourceType: 'module' })).not.toThrow()
    }
    const declarations = registry.families().map(family => registry.declarationText(`tools/${family}`) ?? '')
    expect(complaints(declarations.join('\n'), {})).toEqual({ 'tools.d.ts': [] })
  })

  it('refuses an option it does not know, so that a misspelt one is never ignored', () => {
    const open = registry.list().filter(tool => {
      const found = tool.input.safeParse({ 'no-such-option': 1 })
      return found.success || !JSON.stringify(found.error.issues).includes('unrecognized_keys')
    })
    expect(open.map(tool => tool.name)).toEqual([])
  })

  it('says what it did in a sentence without an end mark', () => {
    for (const tool of registry.list()) expect(tool.title).toMatch(/^[A-Z][^.!?]*$/)
  })
})

describe('docs/06-tools-api.md', () => {
  it('shows an example that compiles', async () => {
    const chapter = await readFile(new URL('../../../docs/06-tools-api.md', import.meta.url), 'utf8')
    const example = /```ts\n([^]*?)```/.exec(chapter)?.[1] ?? ''
    expect(example).toContain('defineTool')
    expect(complaintsAbout('src/main/tools/lamp.ts', example)).toEqual([])
    expect(
      complaintsAbout('src/main/tools/lamp.ts', example.replace("risk: 'low'", "risk: 'none'")),
    ).toHaveLength(1)
  })
})
