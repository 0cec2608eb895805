using Coreutil;

// A static glibc must never load NSS modules of the host (a crash on stock Debian): files and DNS only, before any look-up.
NativeStart.PinNameServices();
return await ProcessContext.RunAsync(static (context, cancel) =>
    Multicall.RunAsync(AppletTable.All, context, Environment.GetCommandLineArgs(), cancel));
