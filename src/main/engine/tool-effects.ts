/** What the functions that scripts import do, as lint asks for it. */
import type { EffectOf } from '../../sandbox/tool-calls.ts'
import { familyOf, guestName, verbOf } from '../tools/guest-module.ts'
import type { ToolRegistry } from '../tools/registry.ts'

export function effectsOf(tools: ToolRegistry): EffectOf {
  const effects = new Map(
    tools
      .list()
      .flatMap(({ name, effect }) =>
        guestName(verbOf(name)).exported.map(exported => [
          `tools/${familyOf(name)} ${exported}`,
          typeof effect === 'function' ? ('by-call' as const) : effect,
        ]),
      ),
  )
  return (module, name) => effects.get(`${module} ${name}`) ?? null
}
