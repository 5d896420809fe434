import { describe, expect, it } from 'vitest'
import { ModuleCache } from './modules.ts'

const SCRIPT = `import { get } from 'tools/http'\nexport default get`
const TOOL = `import { call } from 'steward:runtime'\nexport const get = () => call('http.get', {})`

describe('modules as a guest gets them', () => {
  it('are linked once for the same texts', () => {
    const cache = new ModuleCache()
    const [first, again] = [0, 1].map(() => cache.load(SCRIPT, { 'tools/http': TOOL }))
    expect(first?.failure).toBeNull()
    expect(again).toBe(first)
  })

  it('S6 are those that were granted this time, whatever was granted the script before', () => {
    const cache = new ModuleCache()
    cache.load(SCRIPT, { 'tools/http': TOOL })
    expect(cache.load(SCRIPT, {}).failure).toMatchObject({ kind: 'not-permitted' })
    expect(cache.load(SCRIPT, { 'tools/mail': TOOL }).failure).toMatchObject({ kind: 'not-permitted' })
    const { modules: more } = cache.load(SCRIPT, { 'tools/http': TOOL, 'tools/mail': TOOL })
    expect(more?.resolve('script', 'tools/mail')).toBe('tools/mail')
    const { modules: less } = cache.load(SCRIPT, { 'tools/http': TOOL })
    expect(() => less?.resolve('script', 'tools/mail')).toThrow('not granted')
    const { modules: other } = cache.load(SCRIPT, { 'tools/http': 'export const get = 1' })
    expect(other?.load('tools/http')).toContain('get = 1')
  })

  it('forgets scripts, not what they may', () => {
    const cache = new ModuleCache()
    const first = cache.load(SCRIPT, { 'tools/http': TOOL })
    for (let n = 0; n < 200; n++) cache.load(`export default ${String(n)}`, {})
    const again = cache.load(SCRIPT, { 'tools/http': TOOL })
    expect(again).not.toBe(first)
    expect(again.modules?.load('script')).toBe(first.modules?.load('script'))
  })
})
