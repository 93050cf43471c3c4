/* What a payment's answer asks of the browser: go to a page and come back, or let the bank look and ask. */

const SIZES = { "01": ["250px", "400px"], "02": ["390px", "400px"], "03": ["500px", "600px"], "04": ["600px", "400px"],
  "05": ["100%", "100%"] };

class Action {
  constructor(checkout, action, props) {
    this.action = action;
    this.props = { ...checkout.options, ...props };
    this.stop = nothing;
  }

  mount(target) {
    this.root = placeOf(target);
    this._begin(this.action);
    return this;
  }

  unmount() {
    this.stop();
    this.stop = nothing;
    if (this.root) {
      this.root.replaceChildren();
    }
    return this;
  }

  remove() { this.unmount(); }

  _finish(details) {
    this.unmount();
    this.props.onAdditionalDetails({ data: { details } }, this, { resolve: nothing, reject: nothing });
  }

  _fail(problem) {
    this.unmount();
    (this.props.onError || nothing)(adyenError("NETWORK_ERROR", problem), this);
  }
}

class RedirectAction extends Action {
  _begin(action) {
    const { beforeRedirect } = this.props;
    const go = () => window.location.assign(action.url);
    if (beforeRedirect) {
      beforeRedirect(go, nothing, action.url);
    } else {
      go();
    }
  }
}

class ThreeDS2Action extends Action {
  _begin(action) {
    const { threeDSMethodURL, acsURL } = JSON.parse(atob(action.token));
    if (action.subtype === "fingerprint") {
      this._look(new URL(threeDSMethodURL).pathname, action.paymentData);
    } else {
      this._ask(new URL(acsURL).pathname, action.paymentData);
    }
  }

  /* Only paths are taken from an action: whatever it says, frames are of the sandbox's origin. */
  _frame(path, pending, title) {
    this.stop();
    const frame = makeFrame(path, { pending }, title);
    this.stop = listen(frame, (message) => this._receive(message));
    this.root.replaceChildren(frame);
    return frame;
  }

  _look(path, pending) {
    const frame = this._frame(path, pending, "Your bank looks at this device");
    Object.assign(frame.style, { position: "absolute", width: "0", height: "0", visibility: "hidden" });
    frame.setAttribute("aria-hidden", "true");
    frame.tabIndex = -1;
  }

  _ask(path, pending) {
    const frame = this._frame(path, pending, "3D Secure authentication");
    frame.setAttribute("scrolling", "auto");
    const [width, height] = SIZES[this.props.challengeWindowSize] || SIZES["02"];
    Object.assign(frame.style, { width, height, maxWidth: "100%", minHeight: "400px", background: "#ffffff" });
    frame.classList.add("adyen-checkout__threeds2__challenge");
    frame.addEventListener("load", () => frame.focus());
    (this.props.onActionHandled || nothing)({ componentType: "3DS2Challenge", actionDescription: "challenge-iframe-loaded" });
  }

  _receive(message) {
    if (message.message === "answered") {
      this._finish({ threeDSResult: message.result });
    } else if (message.message === "height") {
      this.root.querySelector("iframe").style.minHeight = `${message.height}px`;
    } else if (message.message === "broken") {
      this._fail(message.problem);
    } else if (message.message === "looked" && message.answer.type === "completed") {
      this._finish(message.answer.details);
    } else if (message.message === "looked") {
      this._begin(message.answer.action);
    }
  }
}
