/* `AdyenCheckout({…})`: what a checkout page begins with. */

const ACTIONS = { redirect: RedirectAction, threeDS2: ThreeDS2Action };

class Checkout {
  constructor(options) { this.options = options; }

  createFromAction(action, props = {}) {
    const found = action && ACTIONS[action.type];
    if (!found) {
      throw adyenError("IMPLEMENTATION_ERROR", `createFromAction: the sandbox knows no action of type ${action && action.type}.`);
    }
    return new found(this, action, props);
  }

  update(options) {
    Object.assign(this.options, options);
    return Promise.resolve(this);
  }
}

async function AdyenCheckout(options = {}) {
  if (typeof options.clientKey !== "string" || !/^test_[A-Za-z0-9_]+$/.test(options.clientKey)) {
    throw adyenError("IMPLEMENTATION_ERROR", `Invalid clientKey: the sandbox takes test_NAME. You gave: ${options.clientKey}.`);
  }
  if (options.environment !== "test") {
    throw adyenError("IMPLEMENTATION_ERROR", "The sandbox is the environment 'test'.");
  }
  return new Checkout({ ...options });
}

window.AdyenWeb = { AdyenCheckout, Card, CustomCard };
