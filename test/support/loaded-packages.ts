/** Preloaded into a core: tells over the channel, when it is asked, which packages it has loaded. */
import { registerHooks } from 'node:module'

const packages = new Set<string>()

registerHooks({
  load: (url, context, next) => {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    if (name !== undefined) packages.add(name)
    return next(url, context)
  },
})
process.on('message', () => {
  process.send?.([...packages].sort())
})
process.channel?.unref()
