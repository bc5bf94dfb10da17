@echo off
rem Finds an installed portshift and runs it: PORTSHIFT_PYTHON, PATH, then the .venv of this checkout.
setlocal DisableDelayedExpansion
if defined PORTSHIFT_PYTHON (
    "%PORTSHIFT_PYTHON%" -P -m portshift %*
    exit /b
)
rem pip installs an .exe, so this file, a .cmd, never finds itself.
where /q portshift.exe && (
    portshift.exe %*
    exit /b
)
if exist "%~dp0..\..\.venv\Scripts\python.exe" (
    "%~dp0..\..\.venv\Scripts\python.exe" -P -m portshift %*
    exit /b
)
echo Error: no portshift program was found; install it with `pipx install portshift`, or set PORTSHIFT_PYTHON to a Python that has it 1>&2
exit /b 1
