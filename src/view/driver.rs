//! Whether there is anything to draw with, asked before Bevy does (it would panic).

use bevy::tasks::block_on;

use crate::ViewError;

/// Looks for a Vulkan, Metal or Direct3D adapter, software ones included.
pub fn check() -> Result<(), ViewError> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::from_env().unwrap_or(wgpu::Backends::PRIMARY),
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let found = block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    if found.is_empty() { Err(ViewError::NoDriver) } else { Ok(()) }
}
