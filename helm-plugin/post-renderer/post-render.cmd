@echo off
rem Runs `portshift post-render` through the launcher of this checkout, else through PATH.
if exist "%~dp0..\bin\portshift.cmd" (
    call "%~dp0..\bin\portshift.cmd" post-render %*
    exit /b
)
portshift.exe post-render %*
