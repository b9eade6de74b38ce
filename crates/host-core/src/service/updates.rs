//! `portcullis:resource/updates`.

use wasmtime::Result;

use crate::bindings::v0_1::portcullis::resource::updates;
use crate::state::State;

impl updates::Host for State {
    fn changed(&mut self, uri: String) -> Result<()> {
        self.call.spend(uri.len())?;
        let own = self.call.addresses.as_ref();
        if own.is_some_and(|addresses| addresses.may_tell(&uri))
            && let Some(updates) = self.service(|services| &services.updates)
        {
            updates.changed(&self.owner.id, &uri);
        }
        Ok(())
    }
}
